/** DELETE with `multipart-manifest=delete`: a static large object with all its segments. */
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import type { ObjectStore } from '../context.ts';
import { objectSource } from '../objects/source.ts';
import { authorize } from '../requests/authorize.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import { type ObjectPath, pathFrom } from '../requests/request.ts';
import { deleteAll, deleteLimits, type ToDelete } from './many-deletes.ts';
import { isStatic, segmentsIn } from './slo-segments.ts';

/** Deletes the segments first: after an interruption the manifest still names them. */
export const deleteLarge = async (store: ObjectStore, call: Call, target: ObjectPath): Promise<Answer> =>
  deleteAll(store, call, (signal) => segmentsOf(store, call, target, signal));

const nameOf = ({ container, object }: ObjectPath): string => `/${container}/${object}`;

/** Lists each name once; the number of names is bounded. */
async function segmentsOf(
  store: ObjectStore,
  call: Call,
  target: ObjectPath,
  signal: AbortSignal,
): Promise<ToDelete[]> {
  const plain = new Map<string, ToDelete>();
  const manifests = new Map<string, ToDelete>([[nameOf(target), { name: nameOf(target), target }]]);
  for (const [name, manifest] of manifests) {
    if (signal.aborted) return [];
    const found = await innerOf(store, call, manifest.target as ObjectPath).catch(faultOf);
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

async function innerOf(store: ObjectStore, call: Call, target: ObjectPath): Promise<Inner[]> {
  await authorize(store, call, target, 'GET');
  const source = await objectSource(store, target);
  if (!isStatic(source)) throw refuse(400, 'Not an SLO manifest');
  return (await segmentsIn(source)).map((segment) => ({
    name: segment.name,
    target: pathFrom(target.account, segment.name, false),
    large: segment.sub_slo === true,
  }));
}
