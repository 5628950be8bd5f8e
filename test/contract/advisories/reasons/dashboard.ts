/** What a dashboard had, and why it is not here. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSN-0035':
    'There is no dashboard (deploy/roles.ts names all roles) and no TLS of our own: the proxy that ends TLS in front of the APIs sets its headers.',
};
