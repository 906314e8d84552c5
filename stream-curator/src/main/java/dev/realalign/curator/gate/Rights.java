package dev.realalign.curator.gate;

import java.util.List;
import java.util.Optional;

/**
 * What a record says about the rights in its picture.
 *
 * @param licence licence identifier, where known
 * @param optOut signals by which the holder forbids training, word for word
 */
public record Rights(Optional<String> licence, List<String> optOut) {}
