import type { Knex } from 'knex';

/** The standard traits of os-traits, by prefix. */
const groups: Readonly<Record<string, string>> = {
  COMPUTE: `ACCELERATORS ADDRESS_SPACE_EMULATED ADDRESS_SPACE_PASSTHROUGH CONFIG_DRIVE_REGENERATION
    MANAGED_PCI_DEVICE MEM_BACKING_FILE NODE REMOTE_MANAGED_PORTS RESCUE_BFV SAME_HOST_COLD_MIGRATE
    SHARE_LOCAL_FS SOCKET_PCI_NUMA_AFFINITY STATUS_DISABLED TRUSTED_CERTS USB_MODEL_NEC_XHCI
    USB_MODEL_QEMU_XHCI`,
  COMPUTE_ARCH: 'AARCH64 MIPSEL PPC64LE RISCV64 S390X X86_64',
  COMPUTE_DEVICE: 'TAGGING',
  COMPUTE_EPHEMERAL: 'ENCRYPTION ENCRYPTION_LUKS ENCRYPTION_LUKSV2 ENCRYPTION_PLAIN',
  COMPUTE_FIRMWARE: 'BIOS UEFI',
  COMPUTE_GRAPHICS_MODEL: 'BOCHS CIRRUS GOP NONE QXL VGA VIRTIO VMVGA XEN',
  COMPUTE_IMAGE_TYPE: 'AKI AMI ARI ISO PLOOP QCOW2 RAW VDI VHD VHDX VMDK',
  COMPUTE_MIGRATE: 'AUTO_CONVERGE POST_COPY',
  COMPUTE_NET: `ATTACH_INTERFACE ATTACH_INTERFACE_WITH_TAG VIF_MODEL_E1000 VIF_MODEL_E1000E VIF_MODEL_IGB
    VIF_MODEL_LAN9118 VIF_MODEL_NE2K_PCI VIF_MODEL_NETFRONT VIF_MODEL_PCNET VIF_MODEL_RTL8139
    VIF_MODEL_SPAPR_VLAN VIF_MODEL_SRIOV VIF_MODEL_VIRTIO VIF_MODEL_VMXNET VIF_MODEL_VMXNET3 VIRTIO_PACKED`,
  COMPUTE_SECURITY: `STATELESS_FIRMWARE TPM_1_2 TPM_2_0 TPM_CRB TPM_SECRET_SECURITY_DEPLOYMENT TPM_SECRET_SECURITY_HOST
    TPM_SECRET_SECURITY_USER TPM_TIS UEFI_SECURE_BOOT`,
  COMPUTE_SOUND_MODEL: 'AC97 ES1370 ICH6 ICH9 PCSPK SB16 USB VIRTIO',
  COMPUTE_STORAGE_BUS: 'FDC IDE LXC SATA SCSI UML USB VIRTIO XEN',
  COMPUTE_STORAGE: 'VIRTIO_FS',
  COMPUTE_VIOMMU_MODEL: 'AUTO INTEL SMMUV3 VIRTIO',
  COMPUTE_VOLUME: 'ATTACH ATTACH_WITH_TAG EXTEND MULTI_ATTACH',
  HW: `ARCH_AARCH64 ARCH_ALPHA ARCH_ARMV6 ARCH_ARMV7 ARCH_ARMV7B ARCH_CRIS ARCH_I686 ARCH_IA64 ARCH_LM32
    ARCH_M68K ARCH_MICROBLAZE ARCH_MICROBLAZEEL ARCH_MIPS ARCH_MIPS64 ARCH_MIPS64EL ARCH_MIPSEL ARCH_OPENRISC
    ARCH_PARISC ARCH_PARISC64 ARCH_PPC ARCH_PPC64 ARCH_PPC64LE ARCH_PPCEMB ARCH_PPCLE ARCH_S390 ARCH_S390X
    ARCH_SH4 ARCH_SH4EB ARCH_SPARC ARCH_SPARC64 ARCH_UNICORE32 ARCH_X86_64 ARCH_XTENSA ARCH_XTENSAEB NVME_BES
    NVME_CES NVME_WZS`,
  HW_CPU_AARCH64: `AES ASIMD ASIMDDP ASIMDHP ASIMDRDM ATOMICS CPUID CRC32 DCPOP EVTSTRM FCMA FP FPHP JSCVT LRCPC PMULL SHA1
    SHA2 SHA3 SHA512 SM3 SM4 SVE`,
  HW_CPU: 'AMD_SEV HYPERTHREADING',
  HW_CPU_PPC64LE: 'POWER8 POWER9',
  HW_CPU_X86: `3DNOW ABM AESNI AMXBF16 AMXINT8 AMXTILE ASF AVX AVX2 AVX512BITALG AVX512BW AVX512CD AVX512DQ AVX512ER
    AVX512F AVX512GFNI AVX512IFMA AVX512PF AVX512VAES AVX512VBMI AVX512VBMI2 AVX512VL AVX512VNNI
    AVX512VPCLMULQDQ AVX512VPOPCNTDQ BMI BMI2 CLMUL F16C FMA3 FMA4 MMX MPX PDPE1GB SGX SHA SSE SSE2 SSE3
    SSE41 SSE42 SSE4A SSSE3 STIBP SVM TBM TSX VMX XOP`,
  HW_CPU_X86_AMD: 'IBPB NO_SSB SEV SEV_ES SEV_SNP SSBD SVM VIRT_SSBD',
  HW_CPU_X86_INTEL: 'MD_CLEAR PCID SPEC_CTRL SSBD TDX VMX',
  HW_GPU_API: `DIRECT2D DIRECT3D_V10_0 DIRECT3D_V10_1 DIRECT3D_V11_0 DIRECT3D_V11_1 DIRECT3D_V11_2 DIRECT3D_V11_3
    DIRECT3D_V12_0 DIRECT3D_V6_0 DIRECT3D_V7_0 DIRECT3D_V8_0 DIRECT3D_V8_1 DIRECT3D_V9_0 DIRECT3D_V9_0B
    DIRECT3D_V9_0C DIRECT3D_V9_0L DIRECTX_V10 DIRECTX_V11 DIRECTX_V12 DXVA OPENCL_V1_0 OPENCL_V1_1
    OPENCL_V1_2 OPENCL_V2_0 OPENCL_V2_1 OPENCL_V2_2 OPENGL_V1_1 OPENGL_V1_2 OPENGL_V1_3 OPENGL_V1_4
    OPENGL_V1_5 OPENGL_V2_0 OPENGL_V2_1 OPENGL_V3_0 OPENGL_V3_1 OPENGL_V3_2 OPENGL_V3_3 OPENGL_V4_0
    OPENGL_V4_1 OPENGL_V4_2 OPENGL_V4_3 OPENGL_V4_4 OPENGL_V4_5 VULKAN`,
  HW_GPU_CUDA_COMPUTE_CAPABILITY:
    'V1_0 V1_1 V1_2 V1_3 V2_0 V2_1 V3_0 V3_2 V3_5 V3_7 V5_0 V5_2 V5_3 V6_0 V6_1 V6_2 V7_0 V7_1 V7_2',
  HW_GPU: 'CUDA_SDK_V10_0 CUDA_SDK_V6_5 CUDA_SDK_V7_5 CUDA_SDK_V8_0 CUDA_SDK_V9_0 CUDA_SDK_V9_1 CUDA_SDK_V9_2',
  HW_GPU_MAX_DISPLAY_HEADS: '1 2 4 6 8',
  HW_GPU_RESOLUTION: `W1024H600 W1024H768 W1152H864 W1280H1024 W1280H720 W1280H768 W1280H800 W1360H768 W1366H768 W1440H900
    W1600H1200 W1600H900 W1680H1050 W1920H1080 W1920H1200 W2560H1440 W2560H1600 W320H240 W3840H2160 W640H480
    W7680H4320 W800H600`,
  HW_NIC_ACCEL: 'DEFLATE DIFFIEH ECC IPSEC LZS RSA SSL TLS',
  HW_NIC_DCB: 'ETS PFC QCN',
  HW_NIC: 'MULTIQUEUE PROGRAMMABLE_PIPELINE SRIOV VMDQ',
  HW_NIC_OFFLOAD: `FDF GENEVE GRE GRO GSO L2CRC LRO LSO QINQ RDMA RX RXHASH RXVLAN SCS SG SWITCHDEV TCS TSO TX TXUDP TXVLAN
    UCS UFO VXLAN`,
  HW_NIC_SRIOV: 'MULTIQUEUE QOS_RX QOS_TX TRUSTED',
  HW_NUMA: 'ROOT',
  HW_PCI: 'LIVE_MIGRATABLE ONE_TIME_USE',
  MISC: 'SHARES_VIA_AGGREGATE',
  OWNER: 'CYBORG NOVA',
  STORAGE_DISK: 'HDD SSD',
};

const standardTraits: ReadonlySet<string> = new Set(
  Object.entries(groups).flatMap(([prefix, names]) => names.split(/\s+/).map((name) => `${prefix}_${name}`)),
);

/** A provider with this trait shares its resources with all trees that have an aggregate in common with it. */
export const sharesViaAggregate = 'MISC_SHARES_VIA_AGGREGATE';

export const isStandardTrait = (name: string): boolean => standardTraits.has(name);

export async function listTraits(db: Knex): Promise<string[]> {
  return [...standardTraits, ...(await db('custom_traits').orderBy('name').pluck('name'))];
}

export async function unknownTraits(db: Knex, names: readonly string[]): Promise<string[]> {
  const custom = [...new Set(names)].filter((name) => !isStandardTrait(name));
  if (custom.length === 0) return [];
  const known = new Set(await db('custom_traits').whereIn('name', custom).pluck('name'));
  return custom.filter((name) => !known.has(name));
}

/** Returns false when the trait exists already. */
export async function ensureTrait(db: Knex, name: string): Promise<boolean> {
  if ((await unknownTraits(db, [name])).length === 0) return false;
  await db('custom_traits').insert({ name }).onConflict('name').ignore();
  return true;
}

export const removeTrait = (tx: Knex, name: string) => tx('custom_traits').where({ name }).delete();

export const usedTraits = async (db: Knex): Promise<Set<string>> =>
  new Set(await db('provider_traits').distinct('trait').pluck('trait'));

/** Traits by provider: of these providers, or of all. */
export async function traitsOf(db: Knex, providers?: readonly string[]): Promise<Map<string, string[]>> {
  const query = db('provider_traits').orderBy('trait');
  if (providers) query.whereIn('providerUuid', providers);
  const rows: { providerUuid: string; trait: string }[] = await query;
  const found = new Map<string, string[]>();
  for (const { providerUuid, trait } of rows) found.set(providerUuid, [...(found.get(providerUuid) ?? []), trait]);
  return found;
}

export async function replaceTraits(tx: Knex, providerUuid: string, traits: readonly string[]): Promise<void> {
  await tx('provider_traits').where({ providerUuid }).delete();
  const rows = [...new Set(traits)].map((trait) => ({ providerUuid, trait }));
  if (rows.length > 0) await tx('provider_traits').insert(rows);
}
