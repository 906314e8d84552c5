package dev.realalign.publisher;

import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterConfig;
import dev.realalign.diffusion.lora.FullAdapter;
import dev.realalign.diffusion.lora.FullConfig;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.schemas.AdapterShape;
import java.util.ArrayList;
import java.util.List;

/**
 * What an adapter must be, by the manifest that comes with it: of the declared kind and targets, of the declared rank and alpha
 * where it is a LoRA, and finite.
 */
final class AdapterRules {
    private AdapterRules() {}

    /** What is wrong with an adapter, in sentences; empty when nothing is. */
    static List<String> problems(Adapter adapter, AdapterShape declared) {
        List<String> problems = new ArrayList<>();
        AdapterConfig shape = shape(declared);
        if (adapter instanceof LoraAdapter found && shape instanceof LoraConfig lora) {
            if (found.rank() != lora.rank()) {
                problems.add("its rank is " + found.rank() + ", its manifest says " + lora.rank());
            }
            if (found.alpha() != lora.alpha()) {
                problems.add("its alpha is " + found.alpha() + ", its manifest says " + lora.alpha());
            }
        } else if (!(adapter instanceof FullAdapter && shape instanceof FullConfig)) {
            problems.add("it is a " + adapter + ", its manifest says " + declared);
        }
        List<String> layers = adapter.paths();
        for (String layer : layers) {
            if (!shape.targets(layer)) {
                problems.add("layer " + layer + " is none of the targets " + declared.targets());
            }
        }
        for (String target : declared.targets()) {
            if (layers.stream().noneMatch(shape.withTargets(List.of(target))::targets)) {
                problems.add("no layer belongs to target " + target);
            }
        }
        adapter.parameters().forEach((name, tensor) -> {
            if (!tensor.isFinite()) {
                problems.add("tensor " + name + " holds numbers that are not finite");
            }
        });
        return problems;
    }

    private static AdapterConfig shape(AdapterShape declared) {
        return declared instanceof AdapterShape.Lora lora
                ? new LoraConfig(lora.rank(), lora.alpha(), lora.targets())
                : new FullConfig(declared.targets());
    }
}
