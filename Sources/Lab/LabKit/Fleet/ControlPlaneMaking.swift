import Foundation

/// Makes the lab's control plane: a database that lists the tenants' organisations, instances and resources, and a host folder.
struct ControlPlaneMaking {
    static let name = "control-plane"
    private static let database = "control_plane"

    let layout: LabLayout
    let cluster: PostgresCluster
    let password: String

    private var folder: TenantFolder { TenantFolder(path: "\(layout.root)/\(Self.name)") }
    private var url: String { "postgresql://\(Self.database):\(password)@127.0.0.1:\(cluster.port)/\(Self.database)?sslmode=disable" }

    /// What is there stays; tenants that are new to it are entered.
    func make(_ tenants: [LabRecord.Tenant]) throws {
        try FileManager.default.createDirectory(atPath: folder.host, withIntermediateDirectories: true)
        let admin = PostgresConnection(url: cluster.adminURL())
        if try admin.query("SELECT 1 FROM pg_database WHERE datname = '\(Self.database)'").isEmpty {
            try admin.run("DROP ROLE IF EXISTS \(Self.database)")
            try admin.run("CREATE ROLE \(Self.database) LOGIN PASSWORD '\(password)'")
            try admin.run("CREATE DATABASE \(Self.database) OWNER \(Self.database)")
        }
        let books = PostgresConnection(url: url)
        try books.run(Self.tables)
        for (index, tenant) in tenants.enumerated() {
            let organisation = Self.organisation(tenant.id)
            try books.query("INSERT INTO organizations (id, slug, name) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING", [organisation, tenant.id])
            try books.query(
                """
                INSERT INTO org_instances (org_id, instance_id, hostname, region, status, admin_token) VALUES ($1, $2, $3, 'eu-central-1', 'running', $4)
                ON CONFLICT DO NOTHING
                """, [organisation, SSMProcess.instance(index), "\(tenant.id).lab", tenant.authSecret])
            try books.query(
                "INSERT INTO tenant_resources (tenant_id, kind, resource_id, state) VALUES ($1, 'ec2_instance', $2, 'active') ON CONFLICT DO NOTHING",
                [organisation, SSMProcess.instance(index)])
        }
        try TenantEnv(values: ["DATABASE_URL": url]).write(to: folder.env)
    }

    private static func organisation(_ tenant: String) -> String {
        let digits = Array(hex("organisation of \(tenant)", 32))
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return "\(part(0..<8))-\(part(8..<12))-4\(part(13..<16))-8\(part(17..<20))-\(part(20..<32))"
    }

    private static func hex(_ text: String, _ digits: Int) -> String {
        var found = ""
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        while found.count < digits {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            let part = String(hash, radix: 16)
            found += String(repeating: "0", count: 16 - part.count) + part
        }
        return String(found.prefix(digits))
    }

    private static let tables = """
        CREATE TABLE IF NOT EXISTS organizations (id uuid PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE IF NOT EXISTS org_instances (
            org_id uuid PRIMARY KEY REFERENCES organizations(id),
            instance_id text,
            hostname text,
            private_ip text,
            region text,
            status text NOT NULL CHECK (status IN ('provisioning', 'running', 'failed', 'stopped', 'deprovisioned')),
            admin_token text,
            last_error text,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE IF NOT EXISTS tenant_resources (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            tenant_id uuid NOT NULL,
            kind text NOT NULL,
            resource_id text NOT NULL,
            state text NOT NULL CHECK (state IN ('creating', 'active', 'deleted', 'failed')),
            metadata jsonb,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (tenant_id, kind, resource_id)
        );
        """
}
