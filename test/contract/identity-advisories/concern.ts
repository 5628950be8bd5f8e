/** Flaws that others had in what identity does, by the names they were told under: OSSA and OSSN, fixes without one, dependencies. */
export const concern: readonly string[] = `
  OSSA-2012-002 OSSA-2012-010 OSSA-2012-013 OSSA-2012-014 OSSA-2012-015 OSSA-2012-016 OSSA-2012-018 OSSA-2012-019
  OSSA-2013-003 OSSA-2013-004 OSSA-2013-005 OSSA-2013-009 OSSA-2013-010 OSSA-2013-011 OSSA-2013-013 OSSA-2013-014
  OSSA-2013-015 OSSA-2013-017 OSSA-2013-025 OSSA-2013-028 OSSA-2013-032 OSSA-2014-006 OSSA-2014-007 OSSA-2014-013
  OSSA-2014-015 OSSA-2014-018 OSSA-2014-022 OSSA-2014-026 OSSA-2014-029 OSSA-2014-030 OSSA-2015-007 OSSA-2015-008
  OSSA-2016-005 OSSA-2016-008 OSSA-2017-001 OSSA-2017-004 OSSA-2018-002 OSSA-2019-006 OSSA-2020-003 OSSA-2020-004
  OSSA-2020-005 OSSA-2021-003 OSSA-2025-002 OSSA-2026-001 OSSA-2026-005 OSSA-2026-007 OSSN-0002 OSSN-0003
  OSSN-0004 OSSN-0006 OSSN-0009 OSSN-0010 OSSN-0021 OSSN-0023 OSSN-0024 OSSN-0026 OSSN-0032 OSSN-0033 OSSN-0034
  OSSN-0039 OSSN-0042 OSSN-0045 OSSN-0046 OSSN-0047 OSSN-0053 OSSN-0055 OSSN-0056 OSSN-0062 OSSN-0064 OSSN-0068
  OSSN-0081 OSSN-0083 OSSN-0096 OSSN-0102 OSSN-0103 FIX-KM-SVCTOKEN FIX-KS-42998 FIX-KS-42999 FIX-KS-43000
  FIX-KS-44394 FIX-KS-APPCRED-RESCOPE FIX-KS-DELEG-BOUNDARY FIX-KS-EC2-READER FIX-KS-EC2TOKEN-BAN
  FIX-KS-OAUTH-APPCRED FIX-KS-SYSRESCOPE DEP-H2 DEP-JWT-1 DEP-JWT-2 DEP-MYSQL2 DEP-NODE-CHUNK DEP-NODE-EOL
  DEP-NODE-HDRTRUNC DEP-NODE-PROTOHDR DEP-NODE-SMUGGLE DEP-PROTO DEP-UNDICI
`
  .trim()
  .split(/\s+/);

/** Those without a test, and why. */
export const withoutTest: Readonly<Record<string, string>> = {
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
