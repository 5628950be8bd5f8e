/** DELETE with `multipart-manifest=delete`: a static large object with all its segments. */
import { Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import { objectSource } from '../objects/source.ts';
import { authorize } from '../requests/authorize.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import { type ObjectPath, type ObjectRequest, pathFrom } from '../requests/request.ts';
import { deleteAll, deleteLimits, type ToDelete } from './many-deletes.ts';
import { isStatic, segmentsIn } from './slo-segments.ts';

/** Deletes the segments first: after an interruption the manifest still names them. */
export const deleteLarge = async (request: ObjectRequest): Promise<Answer> =>
  deleteAll(request, (signal) => segmentsOf(request, signal));

const nameOf = ({ container, object }: ObjectPath): string => `/${container}/${object}`;

/** Lists each name once; the number of names is bounded. */
async function segmentsOf(request: ObjectRequest, signal: AbortSignal): Promise<ToDelete[]> {
  const { target } = request;
  const plain = new Map<string, ToDelete>();
  const manifests = new Map<string, ToDelete>([[nameOf(target), { name: nameOf(target), target }]]);
  for (const [name, manifest] of manifests) {
    if (signal.aborted) return [];
    const found = await innerOf({ ...request, target: manifest.target as ObjectPath }).catch(faultOf);
    if (found instanceof Fault) manifests.set(name, { name, refused: found });
    else
      for (const inner of found) {
        if (inner.large) {
          if (!manifests.has(inner.name)) manifests.set(inner.name, inner);
        } else if (!plain.has(inner.name)) plain.set(inner.name, inner);
      }
    if (plain.size + manifests.size > deleteLimits.perRequest)
      throw refuse(413, 'Too many buffered slo segments to delete.');
  }
  return [...plain.values(), ...[...manifests.values()].reverse()];
}

interface Inner extends ToDelete {
  readonly large: boolean;
}

async function innerOf(request: ObjectRequest): Promise<Inner[]> {
  const { store, target } = request;
  await authorize(request, 'GET');
  const source = await objectSource(store, target);
  if (!isStatic(source)) throw refuse(400, 'Not an SLO manifest');
  const named = (await segmentsIn(source)).filter(({ data }) => data === undefined);
  return named.map((segment) => ({
    name: segment.name,
    target: pathFrom(target.account, segment.name, false),
    large: segment.sub_slo === true,
  }));
}
