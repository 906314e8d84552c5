package dev.realalign.dashboard.web;

import dev.realalign.dashboard.model.Section;
import dev.realalign.dashboard.model.StreamState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends sections to everybody who follows, each as it was when it was last made: a client too slow for every one gets
 * the newest when it is ready for it, and costs no memory. While nobody follows nothing is made.
 */
public final class EventHub implements AutoCloseable {
    /** Clients that may follow at a time. */
    static final int CLIENTS = 64;

    private static final Logger log = LoggerFactory.getLogger(EventHub.class);
    private static final Duration GRACE = Duration.ofSeconds(15);

    private final StreamState state;
    private final Clock clock;
    private final CopyOnWriteArrayList<Client> clients = new CopyOnWriteArrayList<>();
    private final Map<Section, byte[]> made = new EnumMap<>(Section.class);
    private final Map<Section, Long> stamps = new EnumMap<>(Section.class);
    private long tick;
    private volatile long leftAt;
    private volatile boolean everWatched;

    /** A hub without clients. */
    public EventHub(StreamState state, Clock clock) {
        this.state = state;
        this.clock = clock;
    }

    /** Whether somebody follows, or did a moment ago. */
    public boolean isWatched() {
        return !clients.isEmpty() || (everWatched && System.nanoTime() - leftAt < GRACE.toNanos());
    }

    /** Makes what has changed and sends it; called about once a second. */
    public void look() {
        if (clients.isEmpty()) {
            return;
        }
        Set<Section> changed = make();
        clients.forEach(client -> client.offer(changed));
    }

    private synchronized Set<Section> make() {
        tick++;
        Set<Section> changed = EnumSet.noneOf(Section.class);
        for (Section section : Section.values()) {
            long stamp = state.stamp(section, tick);
            Long before = stamps.put(section, stamp);
            if (before == null || before != stamp) {
                made.put(section, event(section));
                changed.add(section);
            }
        }
        return changed;
    }

    private byte[] event(Section section) {
        return ("event: " + section.event() + "\ndata: " + state.json(section, clock.instant()) + "\n\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private synchronized byte[] latest(Section section) {
        byte[] latest = made.get(section);
        return latest == null ? new byte[0] : latest;
    }

    /**
     * Lets a client follow until it goes away.
     *
     * @param response its response, headers set
     * @param end completes the exchange
     * @return false when too many follow already; nothing was done then
     */
    boolean follow(Response response, Callback end) {
        if (clients.size() >= CLIENTS) {
            return false;
        }
        Client client = new Client(response, end);
        everWatched = true;
        clients.add(client);
        make();
        client.offer(EnumSet.allOf(Section.class));
        return true;
    }

    /** Ends every exchange. */
    @Override
    public void close() {
        clients.forEach(Client::end);
    }

    private final class Client {
        private final Response response;
        private final Callback end;
        private final Set<Section> wanted = EnumSet.noneOf(Section.class);
        private boolean writing;
        private boolean over;

        Client(Response response, Callback end) {
            this.response = response;
            this.end = end;
        }

        void offer(Set<Section> changed) {
            synchronized (this) {
                wanted.addAll(changed);
                if (writing || over) {
                    return;
                }
                writing = true;
            }
            next();
        }

        /** Writes one section and comes back when it is written; a write that ends at once comes back on the same stack. */
        private void next() {
            Section section;
            synchronized (this) {
                if (wanted.isEmpty() || over) {
                    writing = false;
                    return;
                }
                section = wanted.iterator().next();
                wanted.remove(section);
            }
            response.write(false, ByteBuffer.wrap(latest(section)), Callback.from(this::next, this::gone));
        }

        private void gone(Throwable why) {
            log.debug("a client of the dashboard went away: {}", why.getMessage());
            if (leave()) {
                end.failed(why);
            }
        }

        void end() {
            if (leave()) {
                end.succeeded();
            }
        }

        private boolean leave() {
            synchronized (this) {
                if (over) {
                    return false;
                }
                over = true;
            }
            leftAt = System.nanoTime();
            clients.remove(this);
            return true;
        }
    }
}
