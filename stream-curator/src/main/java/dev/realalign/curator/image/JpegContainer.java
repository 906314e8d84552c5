package dev.realalign.curator.image;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The segments of a JPEG file (ITU-T T.81, annex B), walked from SOI to the first EOI. What lies behind EOI (further
 * pictures of a multi-picture file, makers' trailers) is not part of the picture.
 */
final class JpegContainer {

    private static final int LOSSLESS_FRAME = 0xC3;
    private static final int SOI = 0xD8;
    private static final int EOI = 0xD9;
    private static final int SOS = 0xDA;
    private static final int APP0 = 0xE0;
    private static final int APP1 = 0xE1;
    private static final int APP2 = 0xE2;
    private static final int APP11 = 0xEB;
    private static final int APP14 = 0xEE;
    private static final int APP15 = 0xEF;
    private static final int COM = 0xFE;

    private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] JFIF = "JFIF\0".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ICC = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] XMP = "http://ns.adobe.com/xap/1.0/\0".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] JPEG_XT = "JP".getBytes(StandardCharsets.US_ASCII);
    /** Of a JPEG XT segment (ISO/IEC 18477-3): the common identifier, box instance and packet number. */
    private static final int JPEG_XT_HEADER = 8;
    /** Length and type of a box, which every packet of it repeats. */
    private static final int BOX_HEADER = 8;

    private static final int CMYK_COMPONENTS = 4;
    /** Numbers that JFIF gives the components of luma and chroma. */
    private static final byte[] YCC_COMPONENTS = {1, 2, 3};
    /** Of a frame header: precision, height, width and the number of components. */
    private static final int FRAME_HEADER = 6;
    /** Of a component in a frame header: its number, sampling factors and table. */
    private static final int COMPONENT_BYTES = 3;

    private record Segment(int marker, int start, int end) {}

    private final ByteBuffer file;
    private final List<Segment> segments = new ArrayList<>();
    private final TreeMap<Integer, byte[]> iccParts = new TreeMap<>();
    private final ByteArrayOutputStream jumbf = new ByteArrayOutputStream();
    private final Provenance.Collector provenance = new Provenance.Collector();
    private Optional<byte[]> exif = Optional.empty();
    private int width;
    private int height;
    private int components;
    private int scans;
    private boolean jfif;
    private boolean adobe;
    private boolean lossless;
    private byte[] componentNumbers = {};
    private boolean subsampled;

    private JpegContainer(ByteBuffer file) {
        this.file = file;
    }

    static ImageContainer read(ByteBuffer file) throws DamagedImageException {
        return new JpegContainer(file).read();
    }

    private ImageContainer read() throws DamagedImageException {
        Optional<Damage> damage = walk();
        if (width == 0 || height == 0) {
            throw new DamagedImageException(damage.orElseGet(() -> Damage.corrupt("no frame header gives a size")));
        }
        boolean cmyk = components == CMYK_COMPONENTS;
        // the profile of a CMYK file goes to the decoder, which needs it to make RGB; any other is applied to the
        // finished picture
        Optional<byte[]> profile = cmyk ? Optional.empty() : iccProfile();
        if (jumbf.size() > 0) {
            provenance.jumbf(jumbf.toByteArray());
        }
        return new ImageContainer(
                ImageType.JPEG,
                width,
                height,
                scans,
                isYcc(),
                decodable(cmyk),
                exif,
                profile,
                provenance.provenance(),
                damage);
    }

    private Optional<Damage> walk() throws DamagedImageException {
        file.position(2);
        try {
            while (true) {
                int marker = nextMarker();
                if (marker == EOI) {
                    return scans == 0
                            ? Optional.of(Damage.corrupt("the image ends (EOI) before any picture data"))
                            : Optional.empty();
                }
                if (standsAlone(marker)) {
                    continue;
                }
                int start = file.position() - 2;
                int length = file.getShort() & 0xFFFF;
                if (length < 2) {
                    return Optional.of(Damage.corrupt("segment FF " + hex(marker) + " at byte " + start + " says it is "
                            + length + " bytes long"));
                }
                byte[] payload = new byte[length - 2];
                file.get(payload);
                Optional<Damage> damage = segment(marker, start, payload);
                if (damage.isPresent()) {
                    return damage;
                }
            }
        } catch (BufferUnderflowException endOfFile) {
            return Optional.of(Damage.truncated("the file ends after " + file.limit()
                    + " bytes without an end of image (EOI)" + (scans == 0 ? ", before any picture data" : "")));
        }
    }

    /** Moves behind the next marker and returns its code; bytes between segments are skipped, as every decoder does. */
    private int nextMarker() {
        int code;
        do {
            while (file.get() != (byte) 0xFF) {
                // not a marker yet
            }
            do {
                code = file.get() & 0xFF;
            } while (code == 0xFF);
        } while (code == 0);
        return code;
    }

    private static boolean standsAlone(int marker) {
        return marker == 0x01 || (marker >= 0xD0 && marker <= SOI);
    }

    private static boolean isFrameHeader(int marker) {
        return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    }

    private Optional<Damage> segment(int marker, int start, byte[] payload) {
        if (isFrameHeader(marker)) {
            if (components != 0) {
                return Optional.of(Damage.corrupt("a second frame header at byte " + start));
            }
            if (payload.length < FRAME_HEADER) {
                return Optional.of(Damage.corrupt("the frame header at byte " + start + " is too short"));
            }
            ByteBuffer frame = ByteBuffer.wrap(payload);
            int precision = frame.get(0) & 0xFF;
            height = frame.getShort(1) & 0xFFFF;
            width = frame.getShort(3) & 0xFFFF;
            components = frame.get(5) & 0xFF;
            lossless = marker == LOSSLESS_FRAME;
            if (payload.length == FRAME_HEADER + YCC_COMPONENTS.length * COMPONENT_BYTES) {
                componentNumbers = new byte[] {frame.get(6), frame.get(9), frame.get(12)};
                subsampled = frame.get(7) != frame.get(10) || frame.get(7) != frame.get(13);
            }
            if (width == 0 || height == 0 || components == 0) {
                return Optional.of(Damage.corrupt(
                        "the frame header says " + width + "x" + height + " pixels of " + components + " components"));
            }
            if (marker > LOSSLESS_FRAME || (precision != 8 && marker != LOSSLESS_FRAME)) {
                return Optional.of(Damage.unsupported("a JPEG of process FF " + hex(marker) + " with " + precision
                        + " bits a sample; baseline, extended, progressive (8 bits) and lossless can be read"));
            }
        } else if (marker == APP1 && exif.isEmpty() && startsWith(payload, EXIF)) {
            exif = Optional.of(Arrays.copyOfRange(payload, EXIF.length, payload.length));
        } else if (marker == APP1 && scans == 0 && startsWith(payload, XMP)) {
            provenance.xmp(Arrays.copyOfRange(payload, XMP.length, payload.length));
        } else if (marker == APP11 && scans == 0 && startsWith(payload, JPEG_XT)) {
            jumbfPacket(payload);
        } else if (marker == APP2 && startsWith(payload, ICC) && payload.length > ICC.length + 2) {
            iccParts.put(payload[ICC.length] & 0xFF, Arrays.copyOfRange(payload, ICC.length + 2, payload.length));
        }
        jfif |= marker == APP0 && startsWith(payload, JFIF);
        adobe |= marker == APP14;
        if (marker == SOS) {
            if (components == 0) {
                return Optional.of(Damage.corrupt("picture data at byte " + start + " before any frame header"));
            }
            scans++;
            skipEntropyCodedData();
        }
        if (isNeeded(marker, payload)) {
            segments.add(new Segment(marker, start, file.position()));
        }
        return Optional.empty();
    }

    /** A box too long for one segment goes on in the next ones, each with the box's header again. */
    private void jumbfPacket(byte[] payload) {
        int from = JPEG_XT_HEADER + (jumbf.size() == 0 ? 0 : BOX_HEADER);
        if (payload.length > from) {
            jumbf.write(payload, from, payload.length - from);
        }
    }

    /** Stops at the marker that ends the scan: FF followed by anything but a stuffed zero, a restart marker or fill. */
    private void skipEntropyCodedData() {
        while (true) {
            while (file.get() != (byte) 0xFF) {
                // entropy-coded byte
            }
            int code = file.get(file.position()) & 0xFF;
            if (code != 0 && code != 0xFF && !(code >= 0xD0 && code <= 0xD7)) {
                file.position(file.position() - 1);
                return;
            }
        }
    }

    /**
     * Without a JFIF segment some decoders take pictures whose components are all sampled alike for RGB, and an Adobe segment
     * may say anything.
     */
    private boolean isYcc() {
        return !lossless
                && !adobe
                && components == YCC_COMPONENTS.length
                && Arrays.equals(componentNumbers, YCC_COMPONENTS)
                && (jfif || subsampled);
    }

    /** Tables, frames, scans, and the two application segments that say how the components map to colours. */
    private static boolean isNeeded(int marker, byte[] payload) {
        if (marker == APP0) {
            return startsWith(payload, JFIF);
        }
        return marker == APP14 || marker == APP2 || !((marker > APP0 && marker <= APP15) || marker == COM);
    }

    private byte[] decodable(boolean withProfile) {
        ByteArrayOutputStream kept = new ByteArrayOutputStream(file.limit());
        kept.write(0xFF);
        kept.write(SOI);
        for (Segment segment : segments) {
            if (segment.marker != APP2 || withProfile) {
                kept.write(file.array(), segment.start, segment.end - segment.start);
            }
        }
        kept.write(0xFF);
        kept.write(EOI);
        return kept.toByteArray();
    }

    private Optional<byte[]> iccProfile() {
        if (iccParts.isEmpty()) {
            return Optional.empty();
        }
        ByteArrayOutputStream profile = new ByteArrayOutputStream();
        iccParts.values().forEach(profile::writeBytes);
        return profile.size() > ImageContainer.MAX_ICC_PROFILE_BYTES
                ? Optional.empty()
                : Optional.of(profile.toByteArray());
    }

    private static boolean startsWith(byte[] payload, byte[] prefix) {
        return payload.length >= prefix.length && Arrays.equals(payload, 0, prefix.length, prefix, 0, prefix.length);
    }

    private static String hex(int value) {
        return String.format("%02X", value);
    }
}
