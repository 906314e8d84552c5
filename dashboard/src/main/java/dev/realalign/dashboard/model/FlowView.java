package dev.realalign.dashboard.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The flow as a picture.
 *
 * @param nodes processes, upstream first
 * @param edges what travels between them
 */
record FlowView(List<Node> nodes, List<Edge> edges) {
    /** How a process does, for colour and mark. */
    enum Mood {
        /** At work or ready to work. */
        GOOD,
        /** Something should be looked at. */
        WARN,
        /** It does not work. */
        BAD,
        /** Not known. */
        UNKNOWN,
        /** Nobody asks anything of it. */
        UNUSED
    }

    /**
     * A process, or several of a kind.
     *
     * @param doing what it does, in words
     * @param members who they are
     */
    record Node(String id, String name, Mood mood, String doing, List<String> members) {}

    /**
     * What travels from one to the next.
     *
     * @param perSecond rate, null when unknown
     * @param total how many so far, null when unknown
     * @param waiting how many are not read yet, null when unknown
     * @param seconds age of the oldest of them, null when unknown
     */
    record Edge(
            String from,
            String to,
            String what,
            @Nullable Double perSecond,
            @Nullable Long total,
            @Nullable Long waiting,
            @Nullable Double seconds,
            Mood mood) {}
}
