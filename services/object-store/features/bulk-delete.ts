/** `?bulk-delete`: the body has one name per line, of objects and empty containers of the account. */
import type { Fault } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { refuse } from '../requests/refusals.ts';
import { decoded, type PathHandler, pathFromName } from '../requests/request.ts';
import type { Feature, Verbs } from './feature.ts';
import { deleteAll, deleteLimits, type ToDelete } from './many-deletes.ts';

const longestLine = 2 * (256 + 1024 + 2) * 3;

const deleteInBulk: PathHandler = async (request) => {
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (type && !type.startsWith('text/plain')) throw refuse(406);
  if (length === undefined && encoding === undefined) throw refuse(411);
  return deleteAll(request, async () => {
    const names = await namesIn(request.call);
    return names.map((name) => itemOf(request.target.account, name));
  });
};

const verbs: Verbs = { post: deleteInBulk, delete: deleteInBulk };
export const bulkDelete: Feature = {
  matches: ({ query }) => Object.hasOwn(query, 'bulk-delete'),
  account: verbs,
  container: verbs,
  object: verbs,
};

/** Throws 400 for a line that is longer than any name, 413 for too many names. */
async function namesIn({ stream }: Call): Promise<string[]> {
  const names: string[] = [];
  let rest = '';
  const take = (line: string) => {
    if (line.length > longestLine) throw refuse(400, 'Invalid File Name');
    if (line.trim() !== '') names.push(line.trim());
    if (names.length > deleteLimits.perRequest)
      throw refuse(413, `Maximum Bulk Deletes: ${deleteLimits.perRequest} per request`);
  };
  for await (const chunk of stream) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
    if (rest.length > longestLine) throw refuse(400, 'Invalid File Name');
  }
  take(rest);
  return names;
}

/** An invalid name is reported with the results of the others. */
function itemOf(account: string, line: string): ToDelete {
  try {
    const name = decoded(line);
    return { name, target: pathFromName(account, name.replace(/^\/+/, '')) };
  } catch (refused) {
    return { name: line, refused: refused as Fault };
  }
}
