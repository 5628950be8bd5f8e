/** Requests signed as in the EC2 API, and a user with an EC2 key. */
import { createHash, createHmac } from 'node:crypto';
import type { TestContext } from 'node:test';
import { one, openIdentity } from '../../fakes/identity.ts';

interface Key {
  readonly access: string;
  readonly secret: string;
}

/** A request of the EC2 API, signed in version 4. */
export function signedBy({ access, secret }: Key, at = new Date()) {
  const date = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const hash = createHash('sha256').update('').digest('hex');
  const headers = { host: 'ec2.example', 'x-amz-date': date };
  const canonical = ['GET', '/', '', `host:ec2.example\nx-amz-date:${date}\n`, 'host;x-amz-date', hash].join('\n');
  const scope = `${day}/RegionOne/ec2/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const key = [day, 'RegionOne', 'ec2', 'aws4_request'].reduce<string | Buffer>(
    (from, word) => createHmac('sha256', from).update(word).digest(),
    `AWS4${secret}`,
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${access}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
  return {
    credentials: {
      access,
      signature,
      host: 'ec2.example',
      verb: 'GET',
      path: '/',
      params: {},
      headers: { ...headers, authorization },
      body_hash: hash,
    },
  };
}

export async function ec2World(t: TestContext) {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  const nova = await world.logIn(
    { name: 'nova', password: 'nova-password' },
    { project: { name: 'service', domain: { id: 'default' } } },
  );
  const made = await world.ask('POST', `/users/${ann.id}/credentials/OS-EC2`, {
    token: ann.token,
    body: { tenant_id: ann.projectId },
  });
  const key = one(made, 'credential');
  const by = (body: unknown, token = nova.token) => world.ask('POST', '/ec2tokens', { token, body });
  return { world, ann, key, by, nova: nova.token };
}
