/** What every server of the bench says: its port, and its CPU when asked. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export function tell(server: Server): void {
  const port = (server.address() as AddressInfo).port;
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpu: user + system });
  });
  process.send?.({ port });
}
