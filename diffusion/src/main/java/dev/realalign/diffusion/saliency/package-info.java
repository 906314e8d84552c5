/**
 * What stands out in a picture (U2-Net, Qin et al. 2020, arXiv 2005.09007): the map that decides which part of a real
 * image is painted anew.
 */
@NullMarked
package dev.realalign.diffusion.saliency;

import org.jspecify.annotations.NullMarked;
