/** The web server of the page: files of the jar, events, pictures. It answers who may see it, and reads nothing by itself. */
@NullMarked
package dev.realalign.dashboard.web;

import org.jspecify.annotations.NullMarked;
