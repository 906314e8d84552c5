package dev.realalign.app.feed;

import dev.realalign.runtime.UserErrorException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/**
 * Rows of file and caption from CSV text (RFC 4180, UTF-8). A first row that names the columns ({@code file} or {@code path}, {@code caption}, and
 * the facts of {@link ImageFacts}) is understood and lets them stand anywhere; without one the first column is the file and the second the caption.
 */
final class CaptionRows {
    static final Set<String> FILE_COLUMNS = Set.of("file", "path", "file_name", "filename", "image");
    static final Set<String> CAPTION_COLUMNS = Set.of("caption", "text");
    private static final int PROBLEMS_SHOWN = 20;
    private static final CSVFormat FORMAT =
            CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).get();

    /**
     * One row.
     *
     * @param file the file as written, with forward slashes and without a leading {@code ./}
     * @param note the caption and what else the row says
     */
    record Row(String file, Note note) {}

    private CaptionRows() {}

    /**
     * Reads every row.
     *
     * @param csv opens the text
     * @param name what to call it in a complaint
     * @param reader takes the rows in order
     * @throws UserErrorException naming every malformed row with its line
     * @throws IOException when the text cannot be read at all
     */
    static void read(Opening<InputStream> csv, String name, Consumer<Row> reader) throws IOException {
        List<String> problems = new ArrayList<>();
        try (CSVParser rows = CSVParser.parse(withoutByteOrderMark(csv.open()), FORMAT)) {
            int fileColumn = 0;
            int captionColumn = 1;
            Map<String, Integer> factColumns = Map.of();
            int columns = -1;
            for (CSVRecord row : rows) {
                if (row.getRecordNumber() == 1) {
                    int named = columnAmong(FILE_COLUMNS, row);
                    if (named >= 0) {
                        fileColumn = named;
                        captionColumn = columnAmong(CAPTION_COLUMNS, row);
                        factColumns = factColumns(row);
                        columns = row.size();
                        continue;
                    }
                }
                String problem = problemOf(row, fileColumn, columns);
                if (problem != null) {
                    problems.add(name + " line " + rows.getCurrentLineNumber() + " " + problem);
                    continue;
                }
                String caption = captionColumn >= 0 && captionColumn < row.size() ? row.get(captionColumn) : "";
                try {
                    ImageFacts facts = factsIn(row, factColumns);
                    reader.accept(new Row(plainName(row.get(fileColumn)), new Note(caption.strip(), facts)));
                } catch (IllegalArgumentException e) {
                    problems.add(
                            name + " line " + rows.getCurrentLineNumber() + " cannot be used: " + e.getMessage() + ".");
                }
            }
        } catch (CharacterCodingException e) {
            problems.add(name + " is not UTF-8 text: save it as UTF-8.");
        } catch (UncheckedIOException e) {
            problems.add(name + " is not well-formed CSV (" + messageOf(e) + "): correct the quotes of that line.");
        }
        complain(problems);
    }

    /**
     * Ends reading when there was something to complain about.
     *
     * @throws UserErrorException with the first problems
     */
    static void complain(List<String> problems) {
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(firstOf(problems));
        }
    }

    private static Map<String, Integer> factColumns(CSVRecord header) {
        Map<String, Integer> columns = new HashMap<>();
        for (int column = 0; column < header.size(); column++) {
            String name = header.get(column).strip().toLowerCase(Locale.ROOT);
            if (ImageFacts.isName(name)) {
                columns.put(name, column);
            }
        }
        return columns;
    }

    private static ImageFacts factsIn(CSVRecord row, Map<String, Integer> columns) {
        Map<String, String> texts = new HashMap<>();
        columns.forEach((name, column) -> {
            if (column < row.size()) {
                texts.put(name, row.get(column));
            }
        });
        return columns.isEmpty() ? ImageFacts.UNKNOWN : ImageFacts.of(texts);
    }

    private static int columnAmong(Set<String> names, CSVRecord header) {
        for (int column = 0; column < header.size(); column++) {
            if (names.contains(header.get(column).strip().toLowerCase(Locale.ROOT))) {
                return column;
            }
        }
        return -1;
    }

    private static @Nullable String problemOf(CSVRecord row, int fileColumn, int columns) {
        if (fileColumn >= row.size() || row.get(fileColumn).isBlank()) {
            return "names no file: give the file in its column.";
        }
        if (columns < 0 && row.size() > 2) {
            return "has " + row.size()
                    + " columns where file,caption are expected: put a caption with a comma in double quotes.";
        }
        if (columns >= 0 && row.size() > columns) {
            return "has " + row.size() + " columns and the first row names " + columns
                    + ": put a caption with a comma in double quotes.";
        }
        return null;
    }

    private static String messageOf(UncheckedIOException e) {
        Throwable cause = e.getCause();
        return String.valueOf((cause == null ? e : cause).getMessage());
    }

    static String plainName(String file) {
        String slashed = file.strip().replace('\\', '/');
        return slashed.startsWith("./") ? slashed.substring(2) : slashed;
    }

    private static List<String> firstOf(List<String> problems) {
        if (problems.size() <= PROBLEMS_SHOWN) {
            return problems;
        }
        List<String> shown = new ArrayList<>(problems.subList(0, PROBLEMS_SHOWN));
        shown.add("... and " + (problems.size() - PROBLEMS_SHOWN) + " more rows.");
        return shown;
    }

    /** Spreadsheet programs begin UTF-8 files with a byte order mark, which would become part of the first column's name. */
    private static BufferedReader withoutByteOrderMark(InputStream in) throws IOException {
        BufferedReader text = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
        text.mark(1);
        if (text.read() != '\uFEFF') {
            text.reset();
        }
        return text;
    }
}
