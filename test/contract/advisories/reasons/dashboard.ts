/** Advisories on the dashboard without a test, and why they do not apply. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSN-0035':
    'There is no dashboard (deploy/roles.ts names all roles) and no TLS in Wattle: the proxy that terminates TLS in front of the APIs sets its headers.',
};
