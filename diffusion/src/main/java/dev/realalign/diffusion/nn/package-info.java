/**
 * Layers under their published key names, and the loading of weights into them. A network is built by asking {@link dev.realalign.diffusion.nn.Weights}
 * for each tensor it needs, so its constructor is also the list of what its file must hold.
 */
@NullMarked
package dev.realalign.diffusion.nn;

import org.jspecify.annotations.NullMarked;
