package dev.realalign.app.console;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.LoggerFactory;

/** Where logs go, beyond the few warnings that every command prints to standard error. */
public final class Logging {
    private static final String OURS = "dev.realalign";
    private static final String FILE_SIZE = "16MB";

    private Logging() {}

    /** Prints the course of a long-lived service to standard error. */
    public static void toStandardError() {
        context().getLogger(OURS).setLevel(Level.INFO);
        context().getLogger("org.apache.kafka").setLevel(Level.WARN);
        context().getLogger("org.apache.kafka.clients.NetworkClient").setLevel(Level.ERROR);
        // how a service ended the command says itself, in one sentence
        context().getLogger("dev.realalign.runtime.WorkerService").setLevel(Level.OFF);
    }

    /** Sends all logs to a file, and nothing to standard error; the file before it is kept under the name {@code FILE.1}. */
    public static void toFile(Path file) {
        LoggerContext context = context();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{yyyy-MM-dd HH:mm:ss.SSS} %-5level [%thread] %logger - %msg%n");
        encoder.start();
        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        appender.setContext(context);
        appender.setFile(file.toString());
        appender.setEncoder(encoder);
        FixedWindowRollingPolicy names = new FixedWindowRollingPolicy();
        names.setContext(context);
        names.setParent(appender);
        names.setFileNamePattern(file + ".%i");
        names.setMinIndex(1);
        names.setMaxIndex(1);
        names.start();
        SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
        size.setContext(context);
        size.setMaxFileSize(FileSize.valueOf(FILE_SIZE));
        size.start();
        appender.setRollingPolicy(names);
        appender.setTriggeringPolicy(size);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        context.getLogger(OURS).setLevel(Level.INFO);
        context.getLogger("org.apache.kafka").setLevel(Level.WARN);
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
