/**
 * What a child sees of our environment: where programs and its own files are, and how to print; no other
 * setting, for settings may hold passwords (WATTLE_…, OS_…), and any child can read or print all that it was given.
 */
const passed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LC_\w+|TMPDIR|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|PYTHONDONTWRITEBYTECODE|WATTLE_CACHE)$/;

/** `more` goes along as it is. */
export const childEnvironment = (more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => passed.test(name))),
  ...more,
});
