package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The versions and aliases of a cluster.
 *
 * @param versions those that were not deleted, by model and number
 * @param aliases where every alias points
 */
record Published(List<CheckpointVersion> versions, List<CheckpointAlias> aliases) {
    static Published read(ReachedCluster cluster) {
        // both topics are compacted in their own time: the last record of a key counts
        Map<String, CheckpointVersion> versions = new HashMap<>();
        for (TopicReader.Entry<CheckpointVersion> entry : cluster.entries(Topics.CHECKPOINTS)) {
            CheckpointVersion version = entry.value();
            if (version == null) {
                versions.remove(entry.key()); // retention deleted it
            } else {
                versions.put(entry.key(), version);
            }
        }
        Map<String, CheckpointAlias> aliases = new HashMap<>();
        for (CheckpointAlias alias : cluster.readAll(Topics.CHECKPOINT_ALIASES)) {
            aliases.put(CheckpointKeys.alias(alias.getModel(), alias.getAlias()), alias);
        }
        List<CheckpointVersion> sorted = new ArrayList<>(versions.values());
        sorted.sort(Comparator.comparing(CheckpointVersion::getModel).thenComparing(CheckpointVersion::getVersion));
        return new Published(sorted, List.copyOf(aliases.values()));
    }

    List<CheckpointVersion> of(@Nullable String model) {
        return versions.stream()
                .filter(version -> model == null || version.getModel().equals(model))
                .toList();
    }

    List<String> aliasesOf(CheckpointVersion version) {
        return aliases.stream()
                .filter(alias ->
                        alias.getModel().equals(version.getModel()) && alias.getVersion() == version.getVersion())
                .map(CheckpointAlias::getAlias)
                .sorted()
                .toList();
    }

    /** The alias of that name, if it exists. */
    Optional<CheckpointAlias> alias(String model, String name) {
        return aliases.stream()
                .filter(alias ->
                        alias.getModel().equals(model) && alias.getAlias().equals(name))
                .findFirst();
    }

    /**
     * The model line that is meant.
     *
     * @throws UserErrorException when there is none, or several and none is named
     */
    String model(@Nullable String model) {
        TreeSet<String> models =
                of(model).stream().map(CheckpointVersion::getModel).collect(Collectors.toCollection(TreeSet::new));
        if (models.isEmpty()) {
            throw UserErrorException.failure("No version has been published" + (model == null ? "" : " of " + model)
                    + ": see realalign checkpoints list.");
        }
        if (models.size() > 1) {
            throw UserErrorException.usage(
                    "There are several model lines (" + String.join(", ", models) + "): name one with --model.");
        }
        return models.first();
    }

    CheckpointVersion find(@Nullable String model, String wanted) {
        String line = model(model);
        return of(line).stream()
                .filter(version -> wanted.equals(Long.toString(version.getVersion()))
                        || aliasesOf(version).contains(wanted))
                .findFirst()
                .orElseThrow(() -> UserErrorException.failure("There is no version or alias " + wanted + " of " + line
                        + ": see realalign checkpoints list."));
    }

    ObjectNode json(CheckpointVersion version) {
        ObjectNode object = Json.object();
        object.put("model", version.getModel());
        object.put("version", version.getVersion());
        object.put("digest", version.getDigest());
        object.put("step", version.getStep());
        object.put("triples", version.getTriples());
        ObjectNode offsets = object.putObject("offsets");
        version.getOffsets()
                .forEach((partition, range) ->
                        offsets.putArray(partition).add(range.getFrom()).add(range.getTo()));
        object.put("publishedAt", version.getPublishedAt().toString());
        object.put("location", version.getLocation());
        ArrayNode pointing = object.putArray("aliases");
        aliasesOf(version).forEach(pointing::add);
        return object;
    }
}
