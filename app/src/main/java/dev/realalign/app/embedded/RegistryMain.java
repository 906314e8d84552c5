package dev.realalign.app.embedded;

import java.lang.reflect.InvocationTargetException;

/** A child process: runs the registry server's own main class under the watch of the parent. */
public final class RegistryMain {
    private RegistryMain() {}

    /**
     * Runs until the parent is gone.
     *
     * @param arguments name of the server's main class
     */
    public static void main(String[] arguments) throws Throwable {
        ParentWatch.begin();
        try {
            Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }
}
