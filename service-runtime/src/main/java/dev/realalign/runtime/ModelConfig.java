package dev.realalign.runtime;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;

/** The key that names a model line; trainer, publisher and subscribers of a line share it. */
public final class ModelConfig {
    /** Name of the model line. */
    public static final String MODEL = "model.name";

    /** The key of the model line. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    MODEL,
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.modelName(),
                    Importance.HIGH,
                    "Name of the model line: it stands in record keys, folder names and group ids.");

    private ModelConfig() {}

    /** The name in configuration read against {@link #DEFINITION}. */
    public static String name(ServiceConfig config) {
        return config.text(MODEL);
    }
}
