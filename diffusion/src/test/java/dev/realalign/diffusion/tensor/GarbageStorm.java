package dev.realalign.diffusion.tensor;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Makes the garbage collector free unreachable direct memory and other values take its place. */
final class GarbageStorm {
    private GarbageStorm() {}

    static void blow() throws InterruptedException {
        System.gc();
        Thread.sleep(20);
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int size : new int[] {4, 8, 32, 64, 256}) {
            for (int i = 0; i < 1000; i++) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(size);
                for (int at = 0; at < size; at += 4) {
                    buffer.putInt(at, 0x7fc00000 + i);
                }
                buffers.add(buffer);
            }
        }
        if (buffers.isEmpty()) {
            throw new IllegalStateException("nothing was allocated");
        }
    }
}
