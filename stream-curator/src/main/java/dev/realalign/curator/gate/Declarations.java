package dev.realalign.curator.gate;

import dev.realalign.curator.image.ExifTexts;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.Provenance;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a file declares about itself. A declaration can prove that a picture was generated; nothing here proves that one
 * is real.
 */
final class Declarations {
    /**
     * Source types of generated pictures in IPTC's vocabulary
     * (http://cv.iptc.org/newscodes/digitalsourcetype/).
     */
    private static final Set<String> GENERATED = Set.of(
            "trainedAlgorithmicMedia",
            "compositeWithTrainedAlgorithmicMedia",
            "compositeSynthetic",
            "algorithmicMedia");

    /** A term of the vocabulary wherever it stands in a text: terms are compared whole. */
    private static final Pattern SOURCE_TYPE = Pattern.compile("digitalsourcetype/([A-Za-z]+)");

    /** PLUS vocabulary of data mining: everything but allowed, unspecified and "see constraints". */
    private static final Pattern MINING_PROHIBITED = Pattern.compile("DMI-PROHIBITED[A-Z-]*");

    /** Programs that do nothing but generate pictures, by the names they sign with. */
    private static final Pattern GENERATOR = Pattern.compile(
            "(NovelAI|Stable Diffusion|ComfyUI|InvokeAI|Midjourney|DALL.E|Adobe Firefly|Fooocus|DiffusionBee"
                    + "|Draw Things|AUTOMATIC1111)\\b.*",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    /** The line of parameters that Stable Diffusion's web interfaces write. */
    private static final Pattern PARAMETERS = Pattern.compile("\\bSteps: \\d+, Sampler: ");

    /** Keywords under which InvokeAI writes its parameters. */
    private static final Set<String> INVOKE_AI =
            Set.of("sd-metadata", "invokeai_metadata", "invokeai_graph", "invokeai_workflow");

    private static final int EVIDENCE_SHOWN = 80;

    private final Provenance provenance;
    private final XmpProperties xmp;
    private final Optional<ExifTexts> exif;

    /** Reads what a file declares. */
    Declarations(ImageContainer picture) {
        this.provenance = picture.provenance();
        this.xmp = XmpProperties.of(provenance.xmp().orElse(new byte[0]));
        this.exif = picture.exif().map(ExifTexts::of);
    }

    /** The declaration that the picture was generated, in words. */
    Optional<String> generated() {
        return Stream.<Optional<String>>of(sourceType(), sourceTypeInCredentials(), signature(), parameters())
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** Whether the file carries content credentials (C2PA), whatever they say. */
    boolean hasContentCredentials() {
        return provenance.jumbf().filter(Declarations::isC2pa).isPresent();
    }

    /** The prohibition of data mining that the file itself carries, in words. */
    Optional<String> miningProhibited() {
        return xmp.of(XmpProperties.DATA_MINING).stream()
                .map(MINING_PROHIBITED::matcher)
                .filter(Matcher::find)
                .map(found -> "its XMP says PLUS DataMining " + found.group())
                .findFirst();
    }

    private Optional<String> sourceType() {
        return xmp.of(XmpProperties.DIGITAL_SOURCE_TYPE).stream()
                .map(value -> value.substring(value.lastIndexOf('/') + 1))
                .filter(GENERATED::contains)
                .map(term -> "its XMP says IPTC DigitalSourceType " + term)
                .findFirst();
    }

    /** Claims are CBOR or JSON; both hold the term's address as plain text. */
    private Optional<String> sourceTypeInCredentials() {
        return provenance
                .jumbf()
                .filter(Declarations::isC2pa)
                .map(boxes -> new String(boxes, StandardCharsets.ISO_8859_1))
                .flatMap(text -> SOURCE_TYPE
                        .matcher(text)
                        .results()
                        .map(found -> generatedTermAt(found.group(1)))
                        .flatMap(Optional::stream)
                        .findFirst())
                .map(term -> "its content credentials (C2PA) say digitalSourceType " + term);
    }

    /** In CBOR the next key may follow without a separator: its first byte is no letter for keys of under 32 bytes. */
    private static Optional<String> generatedTermAt(String letters) {
        return GENERATED.stream()
                .filter(term ->
                        letters.equals(term) || (letters.startsWith(term) && letters.length() == term.length() + 1))
                .findFirst();
    }

    private Optional<String> signature() {
        return Stream.of(
                        Optional.ofNullable(provenance.texts().get("Software"))
                                .map(text -> List.of("its PNG text Software", text)),
                        exif.flatMap(ExifTexts::software).map(text -> List.of("its EXIF tag Software", text)),
                        xmp.of(XmpProperties.CREATOR_TOOL).stream()
                                .findFirst()
                                .map(text -> List.of("its XMP CreatorTool", text)))
                .flatMap(Optional::stream)
                .filter(found -> GENERATOR.matcher(found.get(1)).matches())
                .map(found -> found.get(0) + " says " + shown(found.get(1)))
                .findFirst();
    }

    private Optional<String> parameters() {
        String stableDiffusion = provenance.texts().getOrDefault("parameters", "");
        if (PARAMETERS.matcher(stableDiffusion).find()) {
            return Optional.of("its PNG text parameters holds those of a generator");
        }
        Optional<String> invokeAi =
                provenance.texts().keySet().stream().filter(INVOKE_AI::contains).findFirst();
        if (invokeAi.isPresent()) {
            return Optional.of("it has InvokeAI's PNG text " + invokeAi.get());
        }
        for (String keyword : List.of("prompt", "workflow")) {
            String json = provenance.texts().getOrDefault(keyword, "").strip();
            if (json.startsWith("{") && (json.contains("\"class_type\"") || json.contains("\"nodes\""))) {
                return Optional.of("its PNG text " + keyword + " holds a graph of ComfyUI");
            }
        }
        return exif.flatMap(ExifTexts::userComment)
                .filter(comment -> PARAMETERS.matcher(comment).find())
                .map(comment -> "its EXIF UserComment holds the parameters of a generator");
    }

    /** A superbox ("jumb") whose description box ("jumd") is labelled c2pa (C2PA specification 2.1, 11.1). */
    private static boolean isC2pa(byte[] boxes) {
        ByteBuffer buffer = ByteBuffer.wrap(boxes);
        try {
            buffer.getInt();
            boolean superbox = name(buffer).equals("jumb");
            buffer.getInt();
            boolean description = name(buffer).equals("jumd");
            buffer.position(buffer.position() + 16 + 1); // type and toggles
            byte[] label = new byte[5];
            buffer.get(label);
            return superbox && description && Arrays.equals(label, new byte[] {'c', '2', 'p', 'a', 0});
        } catch (BufferUnderflowException | IllegalArgumentException tooShort) {
            return false;
        }
    }

    private static String name(ByteBuffer buffer) {
        byte[] name = new byte[4];
        buffer.get(name);
        return new String(name, StandardCharsets.US_ASCII);
    }

    private static String shown(String text) {
        String printable = text.replaceAll("\\p{Cntrl}+", " ").strip();
        return printable.length() <= EVIDENCE_SHOWN ? printable : printable.substring(0, EVIDENCE_SHOWN) + "…";
    }
}
