/** Tests of the publisher: its rules, its files and its behaviour when it dies at any step. */
@NullMarked
package dev.realalign.publisher;

import org.jspecify.annotations.NullMarked;
