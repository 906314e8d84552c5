/**
 * How fast the networks are on this machine, and in how much memory: fixed networks with random weights under the steps that training and sampling are
 * made of. Other modules add workloads of their own.
 */
@NullMarked
package dev.realalign.diffusion.bench;

import org.jspecify.annotations.NullMarked;
