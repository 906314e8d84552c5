package dev.realalign.curator.image;

import com.drew.imaging.tiff.TiffProcessingException;
import com.drew.imaging.tiff.TiffReader;
import com.drew.lang.ByteArrayReader;
import com.drew.lang.RandomAccessReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifSubIFDDirectory;
import com.drew.metadata.tiff.DirectoryTiffHandler;
import java.io.IOException;
import java.util.Set;

/**
 * Reads the first directory of a TIFF structure, that of a TIFF file or of EXIF data, and follows no link to any other
 * but, where asked to, the one to its EXIF directory.
 */
final class FirstTiffDirectory extends DirectoryTiffHandler {

    private static final int CLASSIC_TIFF = 42;

    private final boolean withExif;

    private FirstTiffDirectory(Metadata metadata, boolean withExif) {
        super(metadata, null);
        this.withExif = withExif;
    }

    /**
     * The tags of the first directory, as far as they are readable; empty when none is.
     *
     * @param tiff a TIFF structure
     */
    static ExifIFD0Directory read(byte[] tiff) {
        ExifIFD0Directory directory = read(tiff, false).getFirstDirectoryOfType(ExifIFD0Directory.class);
        return directory == null ? new ExifIFD0Directory() : directory;
    }

    /** The first directory and its EXIF directory, as far as they are readable. */
    static Metadata readWithExif(byte[] tiff) {
        return read(tiff, true);
    }

    private static Metadata read(byte[] tiff, boolean withExif) {
        Metadata metadata = new Metadata();
        try {
            new TiffReader().processTiff(new ByteArrayReader(tiff), new FirstTiffDirectory(metadata, withExif), 0);
        } catch (TiffProcessingException | IOException | RuntimeException | OutOfMemoryError unreadable) {
            // a hostile or broken directory keeps the tags that were read before it broke
        }
        return metadata;
    }

    @Override
    public void setTiffMarker(int marker) throws TiffProcessingException {
        if (marker != CLASSIC_TIFF) {
            throw new TiffProcessingException("Not a TIFF structure: marker " + marker);
        }
        pushDirectory(ExifIFD0Directory.class);
    }

    @Override
    public boolean tryEnterSubIfd(int tagId) {
        if (withExif && tagId == ExifIFD0Directory.TAG_EXIF_SUB_IFD_OFFSET) {
            pushDirectory(ExifSubIFDDirectory.class);
            return true;
        }
        return false;
    }

    @Override
    public boolean hasFollowerIfd() {
        return false;
    }

    @Override
    @SuppressWarnings("NullAway") // the library's contract: null means that the format is not a custom one
    public Long tryCustomProcessFormat(int tagId, int formatCode, long componentCount) {
        return null;
    }

    @Override
    public boolean customProcessTag(
            int tagOffset,
            Set<Integer> processedIfdOffsets,
            int tiffHeaderOffset,
            RandomAccessReader reader,
            int tagId,
            int byteCount) {
        return false;
    }
}
