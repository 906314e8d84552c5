/** How a process of RealAlign Stream lives: configuration, start, stop, exit codes. Knows every service by contract and none by name. */
@NullMarked
package dev.realalign.runtime;

import org.jspecify.annotations.NullMarked;
