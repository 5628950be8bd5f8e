/** The requests that begin and end the versions of a container, in each of the three modes. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { change, changeOrRefuse } from '../cluster/write.ts';
import { hiddenOf, locationHeader, modeHeader, versionedAccount, versioningHeader } from '../objects/versions.ts';
import { containerInfo, orNone } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import { decoded, isTrue, type ObjectRequest } from '../requests/request.ts';

const modes = { 'x-versions-location': 'stack', 'x-history-location': 'history' } as const;

/** What the request stores about versions. Throws 400 when it mixes the modes. */
export async function versioningInput(request: ObjectRequest): Promise<Headers> {
  const { headers } = request;
  const enabled = headers['x-versions-enabled'];
  const [name] = (['x-history-location', 'x-versions-location'] as const).filter((each) => headers[each]);
  const isRemoved = Object.keys(modes).some(
    (each) => headers[each] === '' || headers[each.replace('x-', 'x-remove-')] !== undefined,
  );
  if (enabled === undefined && name === undefined) return isRemoved ? { [locationHeader]: '', [modeHeader]: '' } : {};
  if (headers['x-versions-location'] && headers['x-history-location'])
    throw refuse(400, 'Only one of X-Versions-Location or X-History-Location may be specified');
  const before = (await containerInfo(request.store, request.target).catch(orNone)) ?? {};
  if (name !== undefined) return located(headers[name] ?? '', modes[name], enabled ?? before[versioningHeader]);
  if (before[locationHeader] && isTrue(enabled))
    throw refuse(
      400,
      'Cannot enable object versioning on a container that has X-Versions-Location or X-History-Location',
    );
  return enable(request, enabled ?? '', before);
}

function located(location: string, mode: string, versions: string | undefined): Headers {
  if (versions !== undefined)
    throw refuse(
      400,
      'X-Versions-Location and X-History-Location cannot be set on a container with X-Versions-Enabled',
    );
  const container = decoded(location);
  if (container.includes('/')) throw refuse(412, 'Container name cannot contain slashes');
  return { [locationHeader]: encodeURIComponent(container), [modeHeader]: mode };
}

/** Creates the place of versions before the container says that it has them. */
async function enable({ store, target }: ObjectRequest, value: string, before: Headers): Promise<Headers> {
  if (value === '' && before[versioningHeader] === undefined) return {};
  if (!isTrue(value)) return { [versioningHeader]: 'suspended' };
  await changeOrRefuse(store, hiddenOf(target), 'PUT');
  await change(store, { ...target, container: '', object: '' }, 'PUT', { [versionedAccount]: 'true' });
  return { [versioningHeader]: 'enabled' };
}
