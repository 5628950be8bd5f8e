import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partName } from './part-names.ts';

test('the part of a spec that a host refused is named as clients know it', () => {
  const routes = [{ destination: '10.9.0.0/16', nexthop: '10.7.0.9' }];
  const rule = { direction: 'ingress', family: 4, protocol: 'tcp', portMin: 22, portMax: 23, cidr: '10.0.0.0/8' };
  const spec = { routes, rules: [rule], interfaces: [{ segment: { bridge: 'br-host' } }] };
  assert.equal(partName(spec, 'routes[0]'), 'route 10.9.0.0/16 via 10.7.0.9');
  assert.equal(
    partName(spec, '-4 route replace 10.9.0.0/16 via 10.7.0.9 dev qr-abc'),
    'route 10.9.0.0/16 via 10.7.0.9',
  );
  assert.equal(partName(spec, 'rules[0]'), 'rule ingress IPv4 tcp 22-23 10.0.0.0/8');
  assert.equal(partName(spec, 'interfaces[0]'), 'interfaces');
  assert.equal(partName(spec, 'rules[7]'), 'rules[7]');
});
