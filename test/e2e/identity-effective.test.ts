/** GET /v3/role_assignments?effective: each way by which a role is effective is a row, with links to the grants. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IdentityWorld, many, one, openIdentity } from '../fakes/identity.ts';

interface Row {
  readonly role: { readonly id: string };
  readonly scope: Readonly<Record<string, { readonly id: string }>>;
  readonly links: Readonly<Record<string, string>>;
}

/** captain implies mate, and mate implies hand; ann is in the crew; the dinghy is below the fleet, in domain tide. */
async function harbour({ ask, admin, url }: IdentityWorld) {
  const token = await admin();
  const names = new Map<string, string>();
  const make = async (kind: string, name: string, more: object = {}) => {
    const { id } = one(await ask('POST', `/${kind}s`, { token, body: { [kind]: { name, ...more } } }), kind);
    names.set(id, name);
    return id;
  };
  const tide = await make('domain', 'tide');
  const fleet = await make('project', 'fleet', { domain_id: tide });
  const dinghy = await make('project', 'dinghy', { domain_id: tide, parent_id: fleet });
  const ann = await make('user', 'ann', { domain_id: tide });
  const crew = await make('group', 'crew', { domain_id: tide });
  const [captain, mate, hand] = [await make('role', 'captain'), await make('role', 'mate'), await make('role', 'hand')];
  const paths = [
    `/roles/${captain}/implies/${mate}`,
    `/roles/${mate}/implies/${hand}`,
    `/groups/${crew}/users/${ann}`,
    `/projects/${fleet}/users/${ann}/roles/${captain}`,
    `/projects/${fleet}/groups/${crew}/roles/${mate}`,
    `/OS-INHERIT/domains/${tide}/users/${ann}/roles/${hand}/inherited_to_projects`,
    `/OS-INHERIT/projects/${fleet}/groups/${crew}/roles/${hand}/inherited_to_projects`,
  ];
  for (const path of paths) assert.ok((await ask('PUT', path, { token })).status < 300, path);
  const plain = (words: string) =>
    [...names].reduce((text, [id, name]) => text.replaceAll(id, name), words.replaceAll(`${url}/v3`, ''));
  const rows = async (query: string) => {
    const found = many(await ask('GET', `/role_assignments?${query}`, { token }), 'role_assignments');
    return found.map((each) => plain(line(each as unknown as Row))).toSorted();
  };
  return { rows, fleet, dinghy, ann, crew };
}

const line = ({ role, scope, links }: Row) => {
  const [where] = Object.entries(scope).filter(([key]) => key !== 'OS-INHERIT:inherited_to');
  const below = 'OS-INHERIT:inherited_to' in scope ? ' inherited' : '';
  const ways = Object.entries(links).map(([name, path]) => `${name} ${path}`);
  return [`${role.id} on ${where?.[1].id}${below}`, ...ways].join(', ');
};

const ofDinghy = [
  'hand on dinghy inherited, assignment /OS-INHERIT/domains/tide/users/ann/roles/hand/inherited_to_projects',
  'hand on dinghy inherited, assignment /OS-INHERIT/projects/fleet/groups/crew/roles/hand/inherited_to_projects, membership /groups/crew/users/ann',
];
const ofFleet = [
  'captain on fleet, assignment /projects/fleet/users/ann/roles/captain',
  'hand on fleet inherited, assignment /OS-INHERIT/domains/tide/users/ann/roles/hand/inherited_to_projects',
  'hand on fleet, assignment /projects/fleet/groups/crew/roles/mate, membership /groups/crew/users/ann, prior_role /prior_role/hand/implies/mate',
  'hand on fleet, assignment /projects/fleet/users/ann/roles/mate, prior_role /prior_role/hand/implies/mate',
  'mate on fleet, assignment /projects/fleet/groups/crew/roles/mate, membership /groups/crew/users/ann',
  'mate on fleet, assignment /projects/fleet/users/ann/roles/captain, prior_role /prior_role/mate/implies/captain',
];

test('each way by which a role is effective is a row of its own', async (t) => {
  const { rows, fleet, dinghy, ann, crew } = await harbour(await openIdentity(t));
  assert.deepEqual(await rows(`effective&user.id=${ann}&scope.project.id=${dinghy}`), ofDinghy);
  assert.deepEqual(await rows(`effective&scope.project.id=${fleet}`), ofFleet);
  assert.deepEqual(
    await rows(`effective&scope.project.id=${fleet}&include_subtree`),
    [...ofFleet, ...ofDinghy].toSorted(),
  );
  assert.deepEqual(await rows(`effective&user.id=${ann}&scope.OS-INHERIT:inherited_to=projects`), [
    ...ofDinghy,
    ...ofFleet.filter((row) => row.includes('inherited,')),
  ]);
  assert.deepEqual(await rows(`group.id=${crew}`), [
    'hand on fleet inherited, assignment /OS-INHERIT/projects/fleet/groups/crew/roles/hand/inherited_to_projects',
    'mate on fleet, assignment /projects/fleet/groups/crew/roles/mate',
  ]);
});
