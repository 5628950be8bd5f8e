/** What identity, its tokens and its door have no test for, and why. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSN-0026': 'Identity starts no program and runs no command, so no setting of it can become one.',
  'OSSN-0039': 'Wattle does not speak TLS: whoever wants it puts a proxy in front, which decides the versions.',
  'OSSN-0045': 'The same as OSSN-0039: no TLS of our own, no ciphers of our own.',
  'OSSN-0053':
    'A token is enough to delegate, as in Keystone. Rules of several factors make every token prove more, and each trust, application credential and key leaves an event.',
  'OSSN-0055':
    'It applies to two: the users nova and cinder are administrators in project service, as they act in projects of others by rules of the network, image and volume APIs that take no role service; those of glance, neutron, placement and swift have the role service alone (see "users of services" in test/contract/identity-scoping.test.ts).',
  'OSSN-0096': 'The client of the broker checks names by the defaults of Node, and no setting of ours turns that off.',
  'DEP-MYSQL2':
    'What package.json asks for is a version far beyond the fixed ones; the connection is made from settings alone.',
  'DEP-H2': 'HTTP/2 is not spoken: the server is node:http.',
  'DEP-NODE-HDRTRUNC': 'Identity passes no request on, so nothing behind it can be confused.',
  'DEP-UNDICI': 'Wattle asks others through node:http; no service uses fetch.',
};
