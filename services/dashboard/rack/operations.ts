/** The hosts of the cloud on one page, for administrators: the services refuse others. */
import { readJson } from '#shared/clients/session.ts';
import type { ServiceType, Session } from '../sessions/operations.ts';
import { type AgentBody, type HypervisorBody, type Rack, rackView, type ServiceBody } from './view.ts';

/** The last microversion that has sizes and usages of hosts. */
const withSizes = { 'openstack-api-version': 'compute 2.87' };

/** Throws 403 for everybody else. */
export async function showRack(session: Session): Promise<Rack> {
  const [hypervisors, compute, volume, agents] = await Promise.all([
    listHypervisors(session),
    listServices(session, 'compute'),
    listServices(session, 'volumev3'),
    session.json<{ agents: AgentBody[] }>('network', '/v2.0/agents'),
  ]);
  return rackView(hypervisors, [...compute, ...volume], agents.agents);
}

async function listHypervisors(session: Session): Promise<readonly HypervisorBody[]> {
  const path = '/os-hypervisors/detail';
  const reply = await session.raw('compute', path, { headers: withSizes });
  return (await readJson<{ hypervisors: HypervisorBody[] }>(reply, `GET compute ${path}`)).hypervisors;
}

const listServices = async (session: Session, type: ServiceType): Promise<readonly ServiceBody[]> =>
  (await session.json<{ services: ServiceBody[] }>(type, '/os-services')).services;
