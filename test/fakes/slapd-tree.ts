/** The tree of slapd: one part in the style of OpenLDAP on Unix, one in that of Active Directory. */

export const suffix = 'dc=example,dc=org';
export const rootDn = `cn=root,${suffix}`;
export const rootPassword = 'root-password';

/** Reads all but passwords; read only. */
export const reader = { user: `cn=reader,${suffix}`, password: 'reader-password' };

/** The schema of Active Directory that the tests use. */
export const adSchema = `
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName'
  EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl'
  EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.102 NAME 'memberOf'
  EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID'
  EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL
  MUST ( sAMAccountName $ objectGUID ) MAY ( userAccountControl $ memberOf $ mail ) )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL
  MUST ( cn $ sAMAccountName ) MAY ( member $ memberOf $ description ) )
`;

type Entry = readonly [dn: string, attributes: Readonly<Record<string, string | readonly string[]>>];

const users = `ou=People,${suffix}`;
const groups = `ou=Groups,${suffix}`;
const windows = `ou=Windows,${suffix}`;

const unit = (dn: string): Entry => [dn, { objectClass: 'organizationalUnit', ou: dn.split(/[=,]/)[1] ?? '' }];

let uidNumber = 1000;
const posix = (uid: string, name: string, more: Record<string, string | string[]> = {}): Entry => [
  `uid=${uid},${users}`,
  {
    objectClass: ['inetOrgPerson', 'posixAccount'],
    uid,
    cn: name,
    sn: name.split(' ').at(-1) ?? name,
    mail: `${uid}@example.org`,
    userPassword: `${uid}-password`,
    uidNumber: String(uidNumber++),
    gidNumber: '100',
    homeDirectory: `/home/${uid}`,
    ...more,
  },
];
const posixGroup = (cn: string, gid: string, memberUid: string[]): Entry => [
  `cn=${cn},${groups}`,
  { objectClass: 'posixGroup', cn, gidNumber: gid, memberUid, description: `the ${cn}` },
];

const account = (name: string, control: string, parent = windows): Entry => [
  `cn=${name.replace(',', '\\,')},${parent}`,
  {
    objectClass: 'user',
    cn: name,
    sn: name.split(',')[0] ?? name,
    sAMAccountName: login(name),
    userAccountControl: control,
    objectGUID: Buffer.from(login(name).padEnd(15, '.').concat('\xff'), 'latin1').toString('base64'),
    mail: `${login(name)}@corp.example.org`,
    userPassword: `${login(name)}-password`,
  },
];
/** `Doe, Jane` logs in as `jane`. */
const login = (name: string) => (name.split(', ')[1] ?? name).toLowerCase();
const group = (cn: string, member: string[]): Entry => [
  `cn=${cn},ou=Teams,${windows}`,
  { objectClass: 'group', cn, sAMAccountName: cn, member },
];

const entries: readonly Entry[] = [
  [suffix, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' }],
  [
    reader.user,
    { objectClass: ['organizationalRole', 'simpleSecurityObject'], cn: 'reader', userPassword: reader.password },
  ],
  ...[users, groups, windows, `ou=Teams,${windows}`, `ou=Far,${windows}`].map(unit),

  posix('ann', 'Ann Arbor'),
  posix('bob', 'Bob Berg', { employeeType: 'guest' }),
  posix('zoe(*)', 'Zoë Öz'),
  posixGroup('staff', '2000', ['ann', 'bob', 'gone']),
  posixGroup('admins', '2001', ['ann']),
  posixGroup('empty', '2002', []),

  account('Doe, Jane', '512'),
  account('Max', '514'),
  account('Kim', '512', `ou=Far,${windows}`),
  group('Berlin', [`CN=Doe\\2C Jane, OU=Windows,${suffix}`, `cn=Max,${windows}`]),
  group('Europe', [`cn=Berlin,ou=Teams,${windows}`]),
  group('World', [`cn=Europe,ou=Teams,${windows}`, `cn=Kim,ou=Far,${windows}`]),
];

const isBytes = (attribute: string) => attribute === 'objectGUID';

/** Values are base64, so that any text is valid. */
const line = (attribute: string, value: string): string =>
  `${attribute}:: ${isBytes(attribute) ? value : Buffer.from(value).toString('base64')}`;

export const ldif = entries
  .map(([dn, attributes]) => {
    const lines = Object.entries(attributes).flatMap(([name, values]) =>
      [values].flat().map((value) => line(name, value)),
    );
    return `${line('dn', dn)}\n${lines.join('\n')}\n`;
  })
  .join('\n');

/** The options of a domain for each of the two. */
export const unixOptions = {
  ...reader,
  suffix,
  user_tree_dn: users,
  user_objectclass: 'posixAccount',
  user_id_attribute: 'uid',
  user_name_attribute: 'uid',
  user_additional_attribute_mapping: ['cn:full_name'],
  group_tree_dn: groups,
  group_objectclass: 'posixGroup',
  group_name_attribute: 'cn',
  group_member_attribute: 'memberUid',
  group_members_are_ids: true,
};

export const windowsOptions = {
  ...reader,
  suffix: windows,
  query_scope: 'sub',
  user_tree_dn: windows,
  user_objectclass: 'user',
  user_id_attribute: 'objectGUID',
  user_name_attribute: 'sAMAccountName',
  user_enabled_attribute: 'userAccountControl',
  user_enabled_mask: 2,
  user_enabled_default: '512',
  group_tree_dn: windows,
  group_objectclass: 'group',
  group_name_attribute: 'sAMAccountName',
  group_ad_nesting: true,
};
