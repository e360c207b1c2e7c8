"""The rules of other rooms: what reading, rendering and proving say; a test compares."""

OTHERS = frozenset(
    """
    access-missing access-unknown access-untold alias-taken already-covered and-or
    clear-text-endpoint compartment-path control-character deny-wins double-quote
    duplicate-access duplicate-call duplicate-instance duplicate-key duplicate-member
    duplicate-name duplicate-ocid duplicate-region duplicate-service empty-file empty-list
    empty-path-part empty-statement empty-template empty-text empty-value empty-world
    invisible-character left-behind legacy-role limit-passed lost-quote malformed-endpoint
    malformed-ocid malformed-region markdown-link missing-all-or-any missing-braces missing-key
    missing-location missing-name missing-subject missing-template missing-to missing-value
    missing-word misspelt-keyword mixed-realms name-taken needless-key no-such-compartment
    non-ascii not-ours not-proved ocid-as-alias ocid-without-id out-of-range partly-unread
    placeholder recursive-alias region-key repeated-word retired-call right-missing
    sandbox-realm secret-in-config service-without-access several-documents several-locations
    several-resource-types several-statements several-verbs shared-name short-define slash-in-path
    smart-quote spelling statements-on-one-line stray-blank stray-mark template-failed
    template-syntax tenancy-unread tenant too-deep too-large trailing-comma trailing-semicolon
    unclosed-brace undefined-name undocumented-form unexpected-text unknown-anchor
    unknown-format unknown-key unknown-member unknown-model unknown-operator unknown-realm
    unknown-region unknown-scenario unknown-statement unknown-value unquoted-name
    unread-statement unreadable-statement unrendered-template unsubscribed-home
    unsuitable-model value-changes-meaning value-unknown wrong-api-version
    wrong-azure-id wrong-azure-name wrong-compartment-name wrong-deployment wrong-key
    wrong-name wrong-scenario wrong-tag wrong-text wrong-type wrong-type-word wrong-variable
    yaml-syntax yaml-tag
    """.split()  # noqa: SIM905 - so many names in quotes are no better to read
)
