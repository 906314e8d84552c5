/**
 * The demo: the whole house in one process and one data folder, from pictures to received versions.
 * It starts and ends the roles in order and counts what happened from the topics; it does no role's work itself.
 */
@NullMarked
package dev.realalign.app.demo;

import org.jspecify.annotations.NullMarked;
