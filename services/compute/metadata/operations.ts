import type { Knex } from 'knex';
import type { FileContent } from '#shared/contracts/compute-agent.ts';
import type { MetadataOf } from '#shared/contracts/network-agent.ts';
import { own } from '#shared/input/own.ts';
import { attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { interfaceTable } from '../interfaces/store.ts';
import { changeServer, findServer, type Server } from '../servers/store.ts';
import { ec2Files, type Files, openstackFiles, userDataOf } from '../workflows/config-drive-files.ts';

type Answer = MetadataOf['reply'];

const versions =
  '2012-08-10 2013-04-04 2013-10-17 2015-10-15 2016-06-30 2016-10-06 2017-02-22 2018-08-27 2020-10-14 latest'.split(
    ' ',
  );
const ec2Versions =
  '1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04 latest'.split(' ');

const text = (body: string, type = 'text/plain; charset=UTF-8'): Answer => ({ status: 200, type, body });
const missing: Answer = { status: 404, type: 'text/plain; charset=UTF-8', body: '404 Not Found' };

/** The metadata that a server reads below 169.254.169.254. */
export async function getMetadata({ db }: Compute, request: MetadataOf['request']): Promise<Answer> {
  const { serverId, path } = request;
  const server = await findServer(db, serverId);
  const nics = await interfaceTable.list(db, serverId);
  if (server?.projectId !== request.projectId || !nics.some(({ portId }) => portId === request.portId)) return missing;
  const parts = (path.split('?')[0] ?? '').split('/').filter(Boolean);
  const [tree = '', version, ...rest] = parts;
  if (tree === 'openstack' && rest.join() === 'password') return password(db, server, request.posted);
  if (request.posted !== undefined) return missing;
  if (tree === 'openstack') {
    if (version === undefined) return text(versions.join('\n'));
    if (!versions.includes(version)) return missing;
    return fileOf(openstackFiles(server, nics, await attachmentTable.list(db, serverId)), rest);
  }
  if (tree === '') return text(ec2Versions.join('\n'));
  if (!ec2Versions.includes(tree)) return missing;
  if (version === undefined) return text(server.userData === null ? 'meta-data/' : 'meta-data/\nuser-data');
  const userData = userDataOf(server);
  if (version === 'user-data' && userData !== undefined) return content(userData, 'application/octet-stream');
  if (version !== 'meta-data') return missing;
  const names = server.keyName === null ? '' : `0=${server.keyName}`;
  if (rest.join('/') === 'public-keys' && names !== '') return text(names);
  return folderOrFile(ec2Files(server), rest.join('/'));
}

/** Nova's limit: four rows of 255 characters. */
const maxPasswordLength = 1_020;

/** A password is set once: whoever may clear it lets the guest send another. */
async function password(db: Knex, { id, password: known }: Server, posted: string | undefined): Promise<Answer> {
  if (posted === undefined) return text(known ?? '');
  if (known !== null) return { ...text('409 Conflict'), status: 409 };
  if (posted.length > maxPasswordLength) return { ...text('400 Bad Request'), status: 400 };
  await changeServer(db, id, { password: posted });
  return text('');
}

const content = (body: FileContent, type: string): Answer =>
  typeof body === 'string' ? text(body, type) : { status: 200, type, body: body.base64, base64: true };

function fileOf(files: Files, rest: readonly string[]): Answer {
  if (rest.length === 0) return text(Object.keys(files).join('\n'));
  const name = rest.join('/');
  const body = own(files, name);
  if (body === undefined) return missing;
  return content(body, name.endsWith('.json') ? 'application/json' : 'application/octet-stream');
}

/** EC2's tree lists the entries of a folder, with a slash after folders. */
function folderOrFile(files: Readonly<Record<string, string>>, path: string): Answer {
  const body = own(files, path);
  if (body !== undefined) return text(body);
  const prefix = path === '' ? '' : `${path}/`;
  const below = Object.keys(files).filter((name) => name.startsWith(prefix));
  if (below.length === 0) return missing;
  const names = below
    .map((name) => name.slice(prefix.length))
    .map((name) => (name.includes('/') ? `${name.split('/')[0]}/` : name));
  return text([...new Set(names)].join('\n'));
}
