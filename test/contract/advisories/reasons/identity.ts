/** Advisories on identity and tokens without a test, and why they do not apply. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSN-0026': 'Identity starts no program and runs no command, so no setting of it can become one.',
  'OSSN-0039':
    'Wattle does not terminate TLS: the proxy in front of it does, and its configuration decides the versions.',
  'OSSN-0045': 'As for OSSN-0039: the proxy that terminates TLS decides the ciphers.',
  'OSSN-0053':
    'A token is enough to delegate, as in Keystone. Rules of several factors make every token prove more, and each trust, application credential and key leaves an event.',
  'OSSN-0055':
    'It applies to two: the users nova and cinder are administrators in project service, as they act in projects of others by rules of the network, image and volume APIs that take no role service; those of glance, neutron, placement and swift have the role service alone (see "users of services" in test/contract/identity-scoping.test.ts).',
  'OSSN-0096': 'The client of the broker checks names by the defaults of Node, and no setting turns that off.',
  'DEP-MYSQL2':
    'The version in package.json is later than the fixed ones, and connections are made from settings only.',
  'DEP-H2': 'HTTP/2 is not supported: the server is node:http.',
  'DEP-NODE-HDRTRUNC': 'Identity forwards no request, so there is no server behind it that could parse it differently.',
  'DEP-UNDICI': 'Wattle calls other services through node:http; no service uses fetch.',
};
