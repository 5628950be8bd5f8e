/** What a dashboard and others' clients had, and why it is not here. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSN-0035':
    'There is no dashboard (deploy/roles.ts names all roles) and no TLS of our own: the proxy that ends TLS in front of the APIs sets its headers.',
  'OSSA-2014-005':
    'Wattle ships no client of object storage: stock clients come from PyPI, and its services reach each other through shared/clients/http.ts, which has no switch that skips the check of a certificate.',
  'OSSN-0052':
    'Wattle ships no client of object storage, and its own log redacts tokens (shared/log); what a stock client writes under --debug is its own.',
  'OSSN-0108':
    'Nothing here speaks to Ceph: the drivers of services/volume-agent/drivers are file and tgt (and a fake), and there is no setting that takes a CephX key.',
};
