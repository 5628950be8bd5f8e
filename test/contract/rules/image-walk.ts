/** What the walk over the routes of image needs: a fresh image for each request, own, shared with the caller or public. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { openImages } from '../../fakes/image-api.ts';
import { apis } from '../services.ts';
import type { Target } from './personas.ts';
import type { Walk } from './walk.ts';

const api = apis.find(({ name }) => name === 'image') as Walk['api'];

/** Of project blue; of green: private, shared with blue, and public. */
export const imageTargets: readonly Target[] = [
  { project: 'blue', visibility: 'private' },
  { project: 'green', visibility: 'private' },
  { project: 'green', visibility: 'shared', member: 'blue' },
  { project: 'green', visibility: 'public' },
];

export async function imageWalk(t: TestContext, policySettings: PolicySettings = {}): Promise<Walk> {
  const { ask, db } = await openImages(t, { policySettings });
  const image = async ({ project, visibility = 'private', member }: Target) => {
    const id = randomUUID();
    const row = { id, name: 'x', owner: project, status: 'queued', visibility, minDisk: 0, minRam: 0 };
    const times = { createdAt: Date.now(), updatedAt: Date.now() };
    await db('images').insert({ ...row, ...times, isProtected: false, osHidden: false });
    await db('image_tags').insert({ imageId: id, tag: 't' });
    if (member) await db('image_members').insert({ imageId: id, memberId: member, status: 'pending', ...times });
    return { id, member: member ?? 'nobody' };
  };
  const namespace = async ({ project, visibility }: Target) => {
    const id = randomUUID();
    const times = { createdAt: Date.now(), updatedAt: Date.now() };
    const row = { id, namespace: id, owner: project, isProtected: false, ...times };
    await db('metadef_namespaces').insert({ ...row, visibility: visibility === 'public' ? 'public' : 'private' });
    for (const kind of ['objects', 'properties', 'tags'])
      await db('metadef_definitions').insert({ namespaceId: id, kind, name: 'x', content: '{}', ...times });
    await db('metadef_associations').insert({ namespaceId: id, name: 'x', ...times });
    return { namespace: id, name: 'x' };
  };
  return {
    api,
    ask: async ({ method, path, body, persona: { project, roles } }) => {
      const headers: Record<string, string> =
        path.endsWith('/file') || path.endsWith('/stage') ? octets : patch(method);
      const sent = headers === octets && method === 'PUT' ? Buffer.from('x') : body;
      return ask(method, path, { project, roles: roles.join(','), body: sent, headers });
    },
    owned: [
      [/^\w+ \/v2\/(images|stores\/:store)\/:id/, image],
      [/^post \S+:namespace\/tags\/:name/, async (target) => ({ ...(await namespace(target)), name: 'new' })],
      [/:namespace/, namespace],
    ],
    params: { tag: 't' },
    bodies: (key) => bodies[key],
  };
}

const octets = { 'content-type': 'application/octet-stream' };
const patch = (method: string): Record<string, string> =>
  method === 'PATCH' ? { 'content-type': 'application/openstack-images-v2.1-json-patch' } : {};
const bodies: Readonly<Record<string, unknown>> = {
  'post /v2/images': { name: 'y' },
  'patch /v2/images/:id': [{ op: 'replace', path: '/name', value: 'y' }],
  'post /v2/images/:id/import': { method: { name: 'glance-direct' } },
  'post /v2/images/:id/locations': { url: 'http://x/' },
  'post /v2/images/:id/members': { member: 'red' },
  'put /v2/images/:id/members/:member': { status: 'accepted' },
};
