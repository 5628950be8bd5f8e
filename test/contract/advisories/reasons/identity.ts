/** What identity, its tokens and its door have no test for, and why. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSN-0026': 'Identity starts no program and runs no command, so no setting of it can become one.',
  'OSSN-0039': 'Wattle does not speak TLS: whoever wants it puts a proxy in front, which decides the versions.',
  'OSSN-0045': 'The same as OSSN-0039: no TLS of our own, no ciphers of our own.',
  'OSSN-0053':
    'A token is enough to delegate, as in Keystone. Rules of several factors make every token prove more, and each trust, application credential and key leaves an event.',
  'OSSN-0055':
    'It does apply: users of services have the role admin in project service beside the role service, as the defaults of their APIs still ask for it. To end it, those defaults must take the role service first.',
  'OSSN-0096': 'The client of the broker checks names by the defaults of Node, and no setting of ours turns that off.',
  'DEP-MYSQL2':
    'What package.json asks for is a version far beyond the fixed ones; the connection is made from settings alone.',
  'DEP-H2': 'HTTP/2 is not spoken: the server is node:http.',
  'DEP-NODE-HDRTRUNC': 'Identity passes no request on, so nothing behind it can be confused.',
  'DEP-UNDICI': 'Wattle asks others through node:http; no service uses fetch.',
};
