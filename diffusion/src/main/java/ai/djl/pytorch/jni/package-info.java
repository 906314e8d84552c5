/**
 * A window into DJL's package-private JNI facade: {@link ai.djl.pytorch.jni.TorchNatives} is the one class of ours here.
 * Everything that uses it lives in {@code dev.realalign.diffusion.tensor}.
 */
@NullMarked
package ai.djl.pytorch.jni;

import org.jspecify.annotations.NullMarked;
