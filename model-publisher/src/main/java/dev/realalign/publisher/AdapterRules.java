package dev.realalign.publisher;

import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.schemas.AdapterShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What an adapter must be, by the manifest that comes with it: of the declared rank, alpha and targets, and finite. */
final class AdapterRules {
    private AdapterRules() {}

    /** What is wrong with an adapter, in sentences; empty when nothing is. */
    static List<String> problems(LoraAdapter adapter, AdapterShape declared) {
        List<String> problems = new ArrayList<>();
        if (adapter.rank() != declared.rank()) {
            problems.add("its rank is " + adapter.rank() + ", its manifest says " + declared.rank());
        }
        if (adapter.alpha() != declared.alpha()) {
            problems.add("its alpha is " + adapter.alpha() + ", its manifest says " + declared.alpha());
        }
        Set<String> layers = adapter.layers().keySet();
        LoraConfig shape = new LoraConfig(declared.rank(), declared.alpha(), declared.targets());
        for (String layer : layers) {
            if (!shape.targets(layer)) {
                problems.add("layer " + layer + " is none of the targets " + declared.targets());
            }
        }
        for (String target : declared.targets()) {
            LoraConfig one = new LoraConfig(declared.rank(), declared.alpha(), List.of(target));
            if (layers.stream().noneMatch(one::targets)) {
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
}
