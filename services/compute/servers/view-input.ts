/** What the view of one server shows besides its row. */
import { atLeast } from '#shared/api/versions.ts';
import type { Call } from '#shared/http/route.ts';
import { attachmentTable } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { hostStatuses } from '../hosts/operations.ts';
import type { Server } from './store.ts';
import type { ServerViewInput } from './view.ts';

export async function viewInput(
  compute: Compute,
  { base, may, version }: Pick<Call, 'base' | 'may' | 'version'>,
  server: Server,
): Promise<ServerViewInput> {
  const admin = may('os_compute_api:os-extended-server-attributes');
  const status = admin && atLeast(version, '2.16') ? await hostStatuses(compute) : () => '';
  const volumes = await attachmentTable.list(compute.db, server.id);
  return { server, volumes, admin, base, hostStatus: status(server.host) };
}
