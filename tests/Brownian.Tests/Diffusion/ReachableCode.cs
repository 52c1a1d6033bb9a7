using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Brownian.Tests;

/// <summary>
/// What of the product's assemblies its program can reach, as their IL says: whatever a reached method names is reached, and so is every
/// virtual method of a type that one names. That is too much rather than too little: what is not here, no command runs.
/// </summary>
sealed class ReachableCode
{
    const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    static readonly Dictionary<short, OpCode> OpCodesByValue =
        typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    readonly HashSet<MemberInfo> _reached = [];
    readonly Stack<MethodBase> _unread = [];

    public ReachableCode(MethodBase entry)
    {
        Reach(entry);
        while (_unread.TryPop(out MethodBase? method)) Read(method);
    }

    /// <summary>Whether a type is named by, or a member called from, anything that runs.</summary>
    public bool Has(MemberInfo member) =>
        member is PropertyInfo property ? property.GetAccessors(nonPublic: true).Any(_reached.Contains) : _reached.Contains(member);

    static bool IsOurs(MemberInfo member) => member.Module.Name.StartsWith("brownian", StringComparison.OrdinalIgnoreCase);

    void Read(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } il) return;
        Type[]? ofType = method.DeclaringType?.GetGenericArguments(), ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int at = 0; at < il.Length;)
        {
            short value = il[at++];
            if (value == 0xFE) value = (short)(0xFE00 | il[at++]);
            OperandType operand = OpCodesByValue[value].OperandType;
            if (operand is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
                Reach(method.Module.ResolveMember(BinaryPrimitives.ReadInt32LittleEndian(il.AsSpan(at)), ofType, ofMethod)!);
            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BinaryPrimitives.ReadInt32LittleEndian(il.AsSpan(at)),
                _ => 4,
            };
        }
    }

    void Reach(MemberInfo member)
    {
        if (member is Type named)
        {
            ReachType(named);
            return;
        }
        if (member.DeclaringType is { } owner) ReachType(owner);
        if (member is MethodInfo { IsGenericMethod: true } generic) Array.ForEach(generic.GetGenericArguments(), ReachType);
        if (!IsOurs(member)) return;
        // As declared, whatever the type arguments.
        MemberInfo definition = member.Module.ResolveMember(member.MetadataToken)!;
        if (_reached.Add(definition) && definition is MethodBase method) _unread.Push(method);
    }

    void ReachType(Type type)
    {
        if (type.GetElementType() is { } element) ReachType(element);
        if (type.IsGenericType) Array.ForEach(type.GenericTypeArguments, ReachType);
        Type definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (type.IsGenericParameter || !IsOurs(type) || !_reached.Add(definition)) return;
        if (definition.BaseType is { } parent) ReachType(parent);
        // A kernel's formulas are static members of an interface.
        bool isFormula = definition.IsValueType && definition.GetInterfaces().Any(i => i.GetMethods(Declared).Any(m => m.IsStatic && m.IsAbstract));
        foreach (MethodBase method in (MethodBase[])[.. definition.GetMethods(Declared), .. definition.GetConstructors(Declared)])
            if (method.IsVirtual || (method.IsStatic && (method is ConstructorInfo || isFormula))) Reach(method);
    }
}
