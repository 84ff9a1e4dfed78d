/** Prints traces to stderr, each between two lines that begin with `==`. */
public class Traces {
    static class Resource implements AutoCloseable {
        public void close() {
            throw new IllegalStateException("close failed\nsecond line");
        }
    }

    static void suppressed() {
        try (Resource r = new Resource()) {
            throw new RuntimeException("body");
        }
    }

    static void mark(String name) {
        System.err.println("== " + name);
    }

    public static void main(String[] args) throws Exception {
        mark("plain");
        new Exception("plain").printStackTrace();
        mark("no message, an anonymous class");
        new Exception() { }.printStackTrace();
        mark("a chain, with lines in messages, and suppressed");
        try {
            suppressed();
        } catch (Exception e) {
            new RuntimeException("outer\nwith\n\n\tlines", e).printStackTrace();
        }
        mark("a circle");
        Exception one = new Exception("one");
        one.initCause(new Exception("two", one));
        one.printStackTrace();
        mark("below a line of the log");
        System.err.println("2024-03-05 10:11:12,345 ERROR [main] app - failed");
        new java.io.IOException("disk", new Error("cause")).printStackTrace();
        mark("of a thread");
        Thread thread = new Thread(() -> { throw new NullPointerException(); }, "worker");
        thread.start();
        thread.join();
        mark("deep");
        try {
            deep(0);
        } catch (StackOverflowError e) {
            e.printStackTrace();
        }
        mark("uncaught");
        throw new Exception("last", new java.io.IOException("cause"));
    }

    static int deep(int n) {
        return deep(n + 1) + 1;
    }
}
