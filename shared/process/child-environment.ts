/**
 * The environment variables that child processes inherit: paths and locale only. Others may hold passwords (WATTLE_…,
 * OS_…), and a child can print its whole environment.
 */
const passed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LC_\w+|TMPDIR|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|PYTHONDONTWRITEBYTECODE|WATTLE_CACHE)$/;

/** Returns the inherited variables and `more`. */
export const childEnvironment = (more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => passed.test(name))),
  ...more,
});
