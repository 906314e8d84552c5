package dev.realalign.tests.seeing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;

/** A headless Chromium of this machine, as a person would use it. */
final class Browser implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(40);

    private final ChromeDriver driver;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    /** Starts it, or skips the test with a message where this machine has none. */
    static Browser startOrSkip() {
        Optional<Path> chromium = onThePath("chromium");
        Optional<Path> driver = onThePath("chromedriver");
        assumeTrue(
                chromium.isPresent() && driver.isPresent(),
                "skipped: chromium and chromedriver are not installed (Debian: chromium, chromium-driver)");
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.orElseThrow().toFile());
        options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars");
        options.setCapability("goog:loggingPrefs", Map.of(LogType.BROWSER, "ALL"));
        return new Browser(new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(driver.orElseThrow().toFile())
                        .usingAnyFreePort()
                        .build(),
                options));
    }

    private static Optional<Path> onThePath(String program) {
        String path = System.getenv("PATH");
        return path == null
                ? Optional.empty()
                : Arrays.stream(path.split(File.pathSeparator, -1))
                        .map(folder -> Path.of(folder, program))
                        .filter(Files::isExecutable)
                        .findFirst();
    }

    void open(URI address) {
        driver.get(address.toString());
    }

    /** Width in pixels and colours of the screen. */
    void be(int width, boolean phone, String scheme) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", phone));
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    /** The result of a script. */
    Object ask(String script) {
        Object answer = driver.executeScript("return " + script);
        return answer == null ? "" : answer;
    }

    /** Text of the first element that a selector finds, empty where there is none. */
    String text(String selector) {
        return String.valueOf(ask("(document.querySelector('" + selector + "') || {}).textContent"));
    }

    /** Waits until an element's text holds this. */
    void awaitText(String selector, String part) {
        await().atMost(SOON).untilAsserted(() -> assertThat(text(selector)).contains(part));
    }

    /** Waits until a script answers this. */
    void awaitAnswer(String script, Object answer) {
        await().atMost(SOON).untilAsserted(() -> assertThat(ask(script)).isEqualTo(answer));
    }

    /** Waits until a selector finds nothing any more. */
    void awaitGone(String selector) {
        awaitAnswer("document.querySelectorAll('" + selector + "').length", 0L);
    }

    /** Brings a part of the page onto the screen. */
    void scrollTo(String id) {
        driver.executeScript("document.getElementById(arguments[0]).scrollIntoView()", id);
    }

    /** What the browser complained about since it was last asked. */
    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
                .map(LogEntry::getMessage)
                .toList();
    }

    @Override
    public void close() {
        driver.quit();
    }
}
