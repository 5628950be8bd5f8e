/** The session of a service or agent with its own user. Its password is in a file that the set-up wrote. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type Session } from '#shared/clients/session.ts';
import type { Cloud } from '#shared/config/cloud.ts';

/** `user` is the service's user in project `service`: nova, cinder, glance, neutron, placement, swift. */
export const sessionOf = (cloud: Cloud, user: string): Session =>
  openSession({
    identityUrl: cloud.identityUrl || `http://${cloud.address}:5000/v3`,
    user,
    region: cloud.region,
    password: async () => (await readFile(join(cloud.var, 'secrets', user), 'utf8')).trim(),
  });
