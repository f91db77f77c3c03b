/// The kinds of step a plan may use. The engine knows no other way to learn what a step does.
public struct StepCatalog: Sendable {
    public enum Nature: Sendable { case reversible, graceful, irreversible, wait }
    /// Between these a tenant already lives by what is not yet proven; a rollout bounds how many do.
    public enum Exposure: Sendable { case begins, ends }

    public struct Entry: Sendable {
        public let kind: StepKind
        public let nature: Nature
        /// The owners' word for having verified this step; several steps can share one.
        public let milestone: String
        /// Kinds that must stand earlier in the plan.
        public let requires: [StepKind]
        /// Kinds that, once verified, end what this step put in place: `check` no longer asks about it.
        public let endedBy: [StepKind]
        public let exposure: Exposure?
        public let settings: [SettingRule]
        /// Forms of the step that stand on other kinds.
        public let variants: [Variant]
        public let make: @Sendable (PlannedStep, Plan) -> AnyStep

        public init(
            kind: StepKind, nature: Nature, milestone: String, requires: [StepKind] = [], endedBy: [StepKind] = [],
            exposure: Exposure? = nil, settings: [SettingRule] = [], variants: [Variant] = [], make: @escaping @Sendable (PlannedStep, Plan) -> AnyStep
        ) {
            self.kind = kind
            self.nature = nature
            self.milestone = milestone
            self.requires = requires
            self.endedBy = endedBy
            self.exposure = exposure
            self.settings = settings
            self.variants = variants
            self.make = make
        }

        /// The kinds that must stand earlier in the plan than a step with these settings.
        public func requires(_ settings: Settings) -> [StepKind] {
            variants.first { settings.text($0.setting) == $0.value }?.requires ?? requires
        }
    }

    /// A step whose setting has that value needs these kinds, and not those of its entry.
    public struct Variant: Sendable, Equatable {
        public let setting: String
        public let value: String
        public let requires: [StepKind]
        public init(_ setting: String, _ value: String, requires: [StepKind]) {
            self.setting = setting
            self.value = value
            self.requires = requires
        }
    }

    /// What a step accepts under `with:`.
    public struct SettingRule: Sendable, Equatable {
        public enum Form: Sendable, Equatable {
            case text, int, bool, duration, list, map, oneOf([String])
            /// A duration that may be shorter than a second.
            case shortDuration
            /// A number that need not be whole, at least 0.
            case ratio
            /// Settings of their own, each by its rule.
            case section([SettingRule])
        }
        public let key: String
        public let form: Form
        public let required: Bool
        /// For a duration: the shortest that lint accepts where production tenants are selected, in seconds.
        public let productionMinimumSeconds: Int?
        public init(_ key: String, _ form: Form, required: Bool = false, productionMinimumSeconds: Int? = nil) {
            self.key = key
            self.form = form
            self.required = required
            self.productionMinimumSeconds = productionMinimumSeconds
        }
    }

    /// A decision that a plan must state, and the values that are supported.
    public struct DecisionRule: Sendable, Equatable {
        public let name: String
        public let supported: [String]
        /// Values the design knows and this build cannot carry out yet.
        public let known: [String]
        public init(_ name: String, supported: [String], known: [String] = []) {
            self.name = name
            self.supported = supported
            self.known = known
        }
    }

    public let entries: [Entry]
    public let decisions: [DecisionRule]
    /// Asked before every step.
    public let always: [Gate]
    private let byKind: [StepKind: Entry]

    /// Traps when two entries share a kind: a catalogue is code, and that is a defect of it.
    public init(_ entries: [Entry], decisions: [DecisionRule] = [], always: [Gate] = []) {
        self.entries = entries
        self.always = always
        self.decisions = decisions
        self.byKind = Dictionary(uniqueKeysWithValues: entries.map { ($0.kind, $0) })
    }

    public func entry(for kind: StepKind) -> Entry? { byKind[kind] }

    /// A kind that the catalogue does not have counts as irreversible: nothing unknown is ever done or undone lightly.
    public func nature(of kind: StepKind) -> Nature { byKind[kind]?.nature ?? .irreversible }

    public func make(_ step: PlannedStep, in plan: Plan) -> AnyStep? { byKind[step.spec.kind]?.make(step, plan) }
}
