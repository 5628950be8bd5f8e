/** The rows of a list are those for which the caller passes the rule one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnOf } from '#shared/db/condition.ts';
import { openDatabase } from '#shared/db/open.ts';
import { anonymous } from '#shared/http/route.ts';
import { enforcerOf } from './policy.ts';

const columns = {
  project_id: 'things.projectId',
  user_id: 'userId',
  visibility: 'visibility',
  shared: 'isShared',
  member_id: columnOf('members', 'projectId', 'things.id', 'thingId'),
  'network:shared': columnOf('networks', 'isShared', 'networkId'),
};

const texts = [
  '@',
  '!',
  'role:admin',
  'not role:admin',
  'project_id:%(project_id)s',
  'not project_id:%(project_id)s',
  'None:%(project_id)s',
  'not None:%(project_id)s',
  'role:admin or project_id:%(project_id)s',
  'role:reader and project_id:%(project_id)s',
  "role:reader and (project_id:%(project_id)s or 'public':%(visibility)s)",
  'project_id:%(project_id)s and user_id:%(user_id)s or True:%(shared)s',
  'not (project_id:%(project_id)s or True:%(shared)s)',
  'not (project_id:%(project_id)s and False:%(shared)s) and not role:admin',
  'project_id:%(member_id)s or project_id:%(project_id)s',
  'not project_id:%(member_id)s',
  'True:%(network:shared)s or project_id:%(project_id)s and not user_id:%(user_id)s',
  'roles:%(visibility)s',
  'rule:other or True:%(network:shared)s',
  'field:things:shared=True',
];

test('a rule selects the same rows as asked row by row', async (t) => {
  const db = openDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  for (const [table, names] of Object.entries({
    things: ['serial', 'id', 'projectId', 'userId', 'visibility', 'isShared', 'networkId'],
    members: ['thingId', 'projectId'],
    networks: ['id', 'isShared'],
  }))
    await db.schema.createTable(table, (made) => {
      for (const name of names)
        if (name === 'isShared') made.boolean(name);
        else made.string(name);
    });
  await db('networks').insert([
    { id: 'open', isShared: true },
    { id: 'closed', isShared: false },
  ]);
  const things = ['p', 'q', null]
    .flatMap((projectId) =>
      ['u', 'v'].flatMap((userId) =>
        ['public', 'admin'].flatMap((visibility) =>
          (
            [
              ['open', true],
              ['closed', false],
            ] as const
          ).map(([networkId, isShared]) => ({ projectId, userId, visibility, networkId, isShared })),
        ),
      ),
    )
    .map((thing, at) => ({ serial: String(at).padStart(3, '0'), id: `t${at}`, ...thing }));
  await db('things').insert(things);
  await db('members').insert([
    { thingId: 't0', projectId: 'q' },
    { thingId: 't9', projectId: 'q' },
  ]);

  const targetOf = ({ id, networkId, isShared, projectId, userId, visibility }: (typeof things)[number]) => ({
    project_id: projectId,
    user_id: userId,
    visibility,
    shared: isShared,
    'network:shared': networkId === 'open',
    member_id: ['t0', 't9'].includes(id) ? 'q' : '-',
  });
  const callers = [null, 'p', 'q'].flatMap((projectId) =>
    [[], ['reader'], ['admin', 'reader']].map((roles) => ({ ...anonymous('r'), projectId, userId: 'u', roles })),
  );
  const rules = { ...Object.fromEntries(texts.map((text) => [text, text])), other: 'project_id:%(project_id)s' };
  const { may, narrow } = enforcerOf({ rules, rows: Object.fromEntries(texts.map((text) => [text, columns])) });
  const counts = new Set<number>();
  for (const rule of texts)
    for (const caller of callers) {
      const expected = things.filter((thing) => may(rule, caller, targetOf(thing))).map(({ id }) => id);
      const query = db('things').select('id').orderBy('serial');
      narrow(query, rule, caller);
      const found = ((await query) as { id: string }[]).map(({ id }) => id);
      assert.deepEqual(found, expected, `${rule} for ${caller.projectId}/${caller.roles}`);
      counts.add(found.length);
    }
  assert.ok(counts.size > 5);
});
