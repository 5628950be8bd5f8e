/** Checks the shape of what a host sends: it is untrusted until its token or certificate is verified, and after that too. */
import { isIP } from 'node:net';
import { Refusal } from '../../command.ts';
import { parseRoles } from '../node-roles.ts';
import type { CheckInRequest, Disk, JoinRequest, NodeReport, NodeSpec, RenewRequest } from './protocol.ts';

type Fields = Readonly<Record<string, unknown>>;

export const nodeName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const hostId = /^[0-9a-f-]{36}$/;
const nic = /^([\w.-]{1,15})?$/;
const deviceName = /^[A-Za-z0-9_.-]{1,32}$/;

export function parseJoin(body: unknown): JoinRequest {
  const join = fields(body, 'the request');
  const token = fields(join.token, 'token');
  return {
    token: { id: text(token.id, 'token.id', 64), secret: text(token.secret, 'token.secret', 128) },
    node: parseNode(join.node),
    replaces: text(join.replaces, 'replaces', 64),
    certificateRequest: text(join.certificateRequest, 'certificateRequest', 8_192),
    report: parseReport(join.report),
  };
}

export function parseCheckIn(body: unknown): CheckInRequest {
  const given = fields(body, 'the request');
  return {
    cloudId: text(given.cloudId, 'cloudId', 16),
    hostId: text(given.hostId, 'hostId', 36, hostId),
    report: parseReport(given.report),
  };
}

export function parseRenew(body: unknown): RenewRequest {
  const { certificateRequest } = fields(body, 'the request');
  return { certificateRequest: text(certificateRequest, 'certificateRequest', 8_192) };
}

function parseNode(body: unknown): NodeSpec {
  const node = fields(body, 'node');
  return {
    name: text(node.name, 'node.name', 63, nodeName),
    hostId: text(node.hostId, 'node.hostId', 36, hostId),
    roles: parseRoles(texts(node.roles, 'node.roles')),
    address: address(node.address, 'node.address'),
    storageAddress: address(node.storageAddress, 'node.storageAddress'),
    tunnelAddress: address(node.tunnelAddress, 'node.tunnelAddress'),
    externalNic: text(node.externalNic, 'node.externalNic', 15, nic),
    devices: texts(node.devices, 'node.devices').map((name) => text(name, 'node.devices', 32, deviceName)),
  };
}

function parseReport(body: unknown): NodeReport {
  const report = fields(body, 'report');
  const disks = Array.isArray(report.disks) ? report.disks.slice(0, 64) : [];
  return {
    version: text(report.version, 'report.version', 32),
    bootId: text(report.bootId, 'report.bootId', 96),
    startedAt: number(report.startedAt, 'report.startedAt'),
    disks: disks.map((disk: unknown): Disk => {
      const { path, totalGb, freeGb } = fields(disk, 'report.disks');
      return {
        path: text(path, 'disk.path', 255),
        totalGb: number(totalGb, 'totalGb'),
        freeGb: number(freeGb, 'freeGb'),
      };
    }),
    partitions: number(report.partitions, 'report.partitions'),
    secrets: Object.fromEntries(
      Object.entries(fields(report.secrets, 'report.secrets')).map(([name, digest]) => [name, text(digest, name, 64)]),
    ),
  };
}

const refuse = (name: string) => new Refusal(`the request has no valid ${name}`);

function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(name);
  return value as Fields;
}

function text(value: unknown, name: string, longest: number, pattern?: RegExp): string {
  if (typeof value !== 'string' || value.length > longest || pattern?.test(value) === false) throw refuse(name);
  return value;
}

function texts(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || value.length > 32) throw refuse(name);
  return value.map((each) => text(each, name, 255));
}

function number(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(name);
  return value;
}

function address(value: unknown, name: string): string {
  const found = text(value, name, 45);
  if (isIP(found) === 0) throw refuse(name);
  return found;
}
